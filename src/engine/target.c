/* Training targets, from x_0 and x_t. */
#include <dissolve/target.h>
#include <math.h>
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

void dissolve_target_noise(const struct dissolve_schedule *schedule, uint32_t t, const float *x0,
                           const float *xt, size_t n, float *noise)
{
    struct weights weights = {0}; /* no noise yet */
    double signal, variance;

    dissolve_schedule_transition(schedule, 0, t, &signal, &variance);
    if (variance > 0.0) {
        weights.from_t = 1.0 / sqrt(variance);
        weights.from_0 = -signal / sqrt(variance);
    }
    combine(weights, x0, xt, n, noise);
}

/* With m = sqrt(abar), s = sqrt(1 - abar): m (x_t - m x_0)/s - s x_0 = (m x_t - x_0)/s. */
void dissolve_target_velocity(const struct dissolve_schedule *schedule, uint32_t t, const float *x0,
                              const float *xt, size_t n, float *velocity)
{
    struct weights weights = {0};
    double signal, variance;

    dissolve_schedule_transition(schedule, 0, t, &signal, &variance);
    if (variance > 0.0) {
        weights.from_t = signal / sqrt(variance);
        weights.from_0 = -1.0 / sqrt(variance);
    }
    combine(weights, x0, xt, n, velocity);
}
