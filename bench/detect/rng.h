/* rng.h - seeded random numbers and the distributions that mail populations follow
 *
 * Each actor owns one stream, made from the seed of the day and a number of its own, so that
 * adding an attack changes nothing in what the others do.
 *
 * source: Vigna, "Further scramblings of Marsaglia's xorshift generators" (xorshift128+);
 * Marsaglia and Tsang (2000) for the gamma distribution. */
#ifndef RNG_H
#define RNG_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
    uint64_t a, b;
};

/* rng_hash - mix two numbers into one that looks random; the same for the same two */
uint64_t rng_hash(uint64_t a, uint64_t b);

/* rng_seed - start the stream of this name */
void rng_seed(struct rng *r, uint64_t seed, uint64_t name);

/* rng_u64 - 64 random bits; rng_unit - uniform in [0, 1); rng_range - uniform in [low, high) */
uint64_t rng_u64(struct rng *r);
double rng_unit(struct rng *r);
double rng_range(struct rng *r, double low, double high);

/* rng_below - uniform in 0 .. n - 1; 0 when n is 0 */
uint32_t rng_below(struct rng *r, uint32_t n);

/* rng_chance - true with probability p */
bool rng_chance(struct rng *r, double p);

/* the distributions by their usual names; exp by its mean, lognormal by its median */
double rng_exp(struct rng *r, double mean);
double rng_normal(struct rng *r);
double rng_lognormal(struct rng *r, double median, double sigma);
double rng_gamma(struct rng *r, double shape, double scale);
double rng_beta(struct rng *r, double a, double b);
uint32_t rng_poisson(struct rng *r, double mean);

#endif
