/* Training targets, from x_0 and x_t. */
#include <dissolve/target.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

/* Results are made in a small array of their own: compilers then see that they overlap nothing, and
   use vectors. */
enum {
    PIECE = 256,
};

/* target = from_t x_t + from_0 x_0, element by element, in double. */
struct weights {
    double from_t;
    double from_0;
};

static void combine(struct weights weights, const float *x0, const float *xt, size_t n,
                    float *target)
{
    while (n > 0) {
        float piece[PIECE];
        size_t some = n < PIECE ? n : PIECE;

        for (size_t i = 0; i < some; i++)
            piece[i] = (float)(weights.from_t * (double)xt[i] + weights.from_0 * (double)x0[i]);
        memcpy(target, piece, some * sizeof *piece);
        x0 += some;
        xt += some;
        target += some;
        n -= some;
    }
}

/* m and s of x_t = m x_0 + s eps; false where there is no eps yet, and the target is all 0. */
static bool find_scales(const struct dissolve_schedule *schedule, uint32_t t, double *m, double *s,
                        float *target, size_t n)
{
    double variance;

    dissolve_schedule_transition(schedule, 0, t, m, &variance);
    *s = sqrt(variance);
    if (variance > 0.0)
        return true;
    memset(target, 0, n * sizeof *target);
    return false;
}

/* (x_t - m x_0) / s */
void dissolve_target_noise(const struct dissolve_schedule *schedule, uint32_t t, const float *x0,
                           const float *xt, size_t n, float *noise)
{
    double m, s;

    if (find_scales(schedule, t, &m, &s, noise, n))
        combine((struct weights){1.0 / s, -m / s}, x0, xt, n, noise);
}

/* m (x_t - m x_0)/s - s x_0 = (m x_t - x_0)/s, for m^2 + s^2 = 1 */
void dissolve_target_velocity(const struct dissolve_schedule *schedule, uint32_t t, const float *x0,
                              const float *xt, size_t n, float *velocity)
{
    double m, s;

    if (find_scales(schedule, t, &m, &s, velocity, n))
        combine((struct weights){m / s, -1.0 / s}, x0, xt, n, velocity);
}
