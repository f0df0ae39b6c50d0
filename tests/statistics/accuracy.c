/* How far the kernel's normals can be from the formula: every radius, every angle or some of them.
 */

/*
 * usage: statistics_accuracy STRIDE
 *
 * A normal is the product, rounded to float, of a radius (2^24 of them) and a cosine or sine
 * (2^32). With |n| <= r, its error is at most r e + d + ulp(r)/2, e the largest error of any cosine
 * or sine, d that of the radius. The bound is printed; it is proven where STRIDE is 1, and
 * otherwise rests on each STRIDE-th angle. The exit status is 1 where it is beyond the contract's
 * 2e-6.
 */

#define KERNEL_SYMBOL kernel_judged
#define KERNEL_NAME   "judged"
#include "engine/kernel_template.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static double worst_direction(uint64_t stride)
{
    double worst = 0;
    for (uint64_t first = 0; first < UINT64_C(1) << 32; first += stride * LANES) {
        vuint w;
        for (int i = 0; i < LANES; i++)
            w[i] = (uint32_t)(first + stride * (uint64_t)i);
        struct direction to = direction(w);
        for (int i = 0; i < LANES; i++) {
            double angle = 2 * M_PI / 4294967296 * w[i];
            double sign = to.sign[i] ? -1 : 1;
            double cosine = fabs(sign * (double)to.cosine[i] - cos(angle));
            double sine = fabs(sign * (double)to.sine[i] - sin(angle));
            worst = fmax(worst, fmax(cosine, sine));
        }
    }
    return worst;
}

static double worst_normal(double direction_error, double *radius_error)
{
    double worst = 0;
    for (uint32_t first = 0; first < 1u << 24; first += LANES) {
        vuint w;
        for (int i = 0; i < LANES; i++)
            w[i] = (first + (uint32_t)i) << 8;
        vfloat r = radius(w);
        for (int i = 0; i < LANES; i++) {
            double exact = sqrt(-2 * log(((w[i] >> 8) + 1) * 0x1p-24));
            double error = fabs((double)r[i] - exact);
            double half_ulp = (double)(nextafterf(r[i], INFINITY) - r[i]) / 2;
            *radius_error = fmax(*radius_error, error);
            worst = fmax(worst, (double)r[i] * direction_error + error + half_ulp);
        }
    }
    return worst;
}

int main(int argc, char **argv)
{
    long stride = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
    if (stride < 1 || stride > 1000000) {
        fprintf(stderr, "usage: statistics_accuracy STRIDE\n");
        return 2;
    }
    double radius_error = 0;
    double direction_error = worst_direction((uint64_t)stride);
    double normal_error = worst_normal(direction_error, &radius_error);
    printf("cosine and sine %.3g, radius %.3g, normal at most %.3g\n", direction_error,
           radius_error, normal_error);
    return normal_error <= 2e-6 ? 0 : 1;
}
