/* rng.c - xorshift128+ and distributions
 * algorithm: splitmix64 to seed; gamma by Marsaglia and Tsang, beta from two gammas, Poisson by
 * product (normal above 60), normal by Box and Muller
 * source:    see rng.h
 * limits:    for simulation only */
#include "rng.h"

#include <math.h>

uint64_t rng_hash(uint64_t a, uint64_t b)
{
    uint64_t z = a * UINT64_C(0x9e3779b97f4a7c15) + b + UINT64_C(0x632be59bd9b4e019);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void rng_seed(struct rng *r, uint64_t seed, uint64_t name)
{
    r->a = rng_hash(seed, name);
    r->b = rng_hash(r->a, name + 1) | 1;
}

uint64_t rng_u64(struct rng *r)
{
    uint64_t x = r->a, y = r->b;

    r->a = y;
    x ^= x << 23;
    r->b = x ^ y ^ (x >> 17) ^ (y >> 26);
    return r->b + y;
}

double rng_unit(struct rng *r)
{
    return (double)(rng_u64(r) >> 11) * 0x1p-53;
}

double rng_range(struct rng *r, double low, double high)
{
    return low + (high - low) * rng_unit(r);
}

uint32_t rng_below(struct rng *r, uint32_t n)
{
    return (uint32_t)((rng_u64(r) >> 32) * n >> 32);
}

bool rng_chance(struct rng *r, double p)
{
    return rng_unit(r) < p;
}

double rng_exp(struct rng *r, double mean)
{
    return -mean * log(1 - rng_unit(r));
}

double rng_normal(struct rng *r)
{
    double radius = sqrt(-2 * log(1 - rng_unit(r)));

    return radius * cos(2 * 3.14159265358979323846 * rng_unit(r));
}

double rng_lognormal(struct rng *r, double median, double sigma)
{
    return median * exp(sigma * rng_normal(r));
}

/* Shape of at least 1. */
static double large_gamma(struct rng *r, double shape)
{
    double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);

    for (;;) {
        double x = rng_normal(r), v = 1 + c * x;
        if (v <= 0)
            continue;
        v = v * v * v;
        if (log(1 - rng_unit(r)) < 0.5 * x * x + d - d * v + d * log(v))
            return d * v;
    }
}

double rng_gamma(struct rng *r, double shape, double scale)
{
    if (shape >= 1)
        return scale * large_gamma(r, shape);
    return scale * large_gamma(r, shape + 1) * pow(1 - rng_unit(r), 1 / shape);
}

double rng_beta(struct rng *r, double a, double b)
{
    double x = rng_gamma(r, a, 1), y = rng_gamma(r, b, 1);

    return x + y > 0 ? x / (x + y) : 0;
}

uint32_t rng_poisson(struct rng *r, double mean)
{
    double limit = exp(-mean), product = 1;
    uint32_t n = 0;

    if (mean > 60)
        return (uint32_t)fmax(0, mean + sqrt(mean) * rng_normal(r) + 0.5);
    for (product *= rng_unit(r); product > limit; n++)
        product *= rng_unit(r);
    return n;
}
