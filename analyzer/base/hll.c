/* hll.c - HyperLogLog estimate and union
 * algorithm: z = m*tau(share of full registers) folded over the register histogram, +
 *            m*sigma(share of empty ones); count = m^2 / (2 ln 2) / z
 * source:    Ertl (2017), improved raw estimation
 * limits:    ranks 1..55 of the 54 hash bits left; collisions of 64-bit hashes are neglected */
#include "base/hll.h"

#include <math.h>

enum { Q = 64 - HLL_BITS };

/* x + sum over k >= 1 of x^(2^k) * 2^(k-1) */
static double sigma(double x)
{
    double sum = x, before, y = 1;

    if (x >= 1)
        return INFINITY;
    do {
        x *= x;
        before = sum;
        sum += x * y;
        y += y;
    } while (sum > before);
    return sum;
}

/* (1 - x - sum over k >= 1 of (1 - x^(2^-k))^2 * 2^-k) / 3 */
static double tau(double x)
{
    double sum = 1 - x, before, y = 1;

    if (x <= 0 || x >= 1)
        return 0;
    do {
        x = sqrt(x);
        before = sum;
        y /= 2;
        sum -= (1 - x) * (1 - x) * y;
    } while (sum < before);
    return sum / 3;
}

double hll_count(const struct hll *h)
{
    unsigned histogram[Q + 2] = {0};
    const double m = HLL_REGISTERS;

    for (unsigned i = 0; i < HLL_REGISTERS; i++)
        histogram[h->rank[i]]++;
    double z = m * tau(1 - histogram[Q + 1] / m);
    for (unsigned k = Q; k >= 1; k--)
        z = 0.5 * (z + histogram[k]);
    z += m * sigma(histogram[0] / m);
    return m * m / (2 * log(2)) / z;
}

void hll_merge(struct hll *dst, const struct hll *src)
{
    for (unsigned i = 0; i < HLL_REGISTERS; i++)
        if (src->rank[i] > dst->rank[i])
            dst->rank[i] = src->rank[i];
}
