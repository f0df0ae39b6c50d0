/* Mixtures of Gaussians: which are sound, and samples of them by the noise contract. */
#include <dissolve/mixture.h>
#include <dissolve/noise.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>

enum {
    BATCH = 1024, /* samples drawn at once */
    FEW = 64,     /* components that are sooner counted than searched */
};

/* No normal of the noise contract is larger: sqrt(-2 ln 2^-24) = 5.77. */
static const double largest_normal = 6.0;

static bool component_is_sound(double weight, double mean, double std)
{
    return isfinite(weight) && weight >= 0.0 && isfinite(mean) && isfinite(std) && std >= 0.0 &&
           fabs(mean) + largest_normal * std <= (double)FLT_MAX;
}

static double sum_of_weights(const struct dissolve_mixture *mixture)
{
    double sum = 0.0;

    for (size_t k = 0; k < mixture->components; k++)
        sum += mixture->weights[k];
    return sum;
}

enum dissolve_status dissolve_mixture_check(const struct dissolve_mixture *mixture)
{
    double sum;

    if (mixture->components < 1 || mixture->components > DISSOLVE_MAX_COMPONENTS)
        return DISSOLVE_INVALID;
    for (size_t k = 0; k < mixture->components; k++) {
        if (!component_is_sound(mixture->weights[k], mixture->means[k], mixture->stds[k]))
            return DISSOLVE_INVALID;
    }
    sum = sum_of_weights(mixture);
    return isfinite(sum) && sum > 0.0 ? DISSOLVE_OK : DISSOLVE_INVALID;
}

/*
 * The first component whose cumulated weight exceeds u, else the last: as many as do not exceed it,
 * the last left out. No branch depends on u, which no processor can predict.
 */
static size_t search(const int32_t *thresholds, size_t components, int32_t u)
{
    size_t first = 0, left = components - 1;

    while (left) {
        size_t half = (left + 1) / 2;

        /* NOLINTNEXTLINE: first + left never passes components - 1 */
        first += half * (thresholds[first + half - 1] <= u);
        left -= half;
    }
    return first;
}

/* The components of `count` samples, whose words are u 2^32. Few are sooner counted, many samples
   at a time, than searched. */
static void choose(const int32_t *thresholds, size_t components, const uint32_t *words,
                   size_t count, int32_t *chosen)
{
    for (size_t i = 0; i < count; i++)
        chosen[i] = 0;
    for (size_t k = 0; components <= FEW && k + 1 < components; k++) {
        for (size_t i = 0; i < count; i++)
            chosen[i] += (int32_t)(words[i] >> 8) >= thresholds[k];
    }
    for (size_t i = 0; components > FEW && i < count; i++)
        chosen[i] = (int32_t)search(thresholds, components, (int32_t)(words[i] >> 8));
}

/* Draws at most BATCH samples. */
static void draw_batch(const struct dissolve_mixture *mixture, const int32_t *thresholds,
                       uint64_t seed, uint64_t first, size_t count, float *samples)
{
    uint32_t words[BATCH + 8]; /* the blocks that hold the samples; at most one more than BATCH/4 */
    int32_t chosen[BATCH];
    size_t skip = (size_t)(first % 4);

    dissolve_words(seed, DISSOLVE_STREAM_COMPONENT, 0, first / 4, (skip + count + 3) / 4, words);
    dissolve_normals(seed, DISSOLVE_STREAM_MIXTURE, 0, first, count, samples);
    choose(thresholds, mixture->components, words + skip, count, chosen);
    for (size_t i = 0; i < count; i++) {
        size_t k = (size_t)chosen[i];

        samples[i] = (float)(mixture->means[k] + mixture->stds[k] * (double)samples[i]);
    }
}

void dissolve_mixture_draw(const struct dissolve_mixture *mixture, uint64_t seed, uint64_t offset,
                           size_t count, float *samples)
{
    int32_t thresholds[DISSOLVE_MAX_COMPONENTS];
    double sum = sum_of_weights(mixture);
    double below = 0.0;

    /* u = i 2^-24 is not below a cumulated weight where i is not below 2^24 times it, rounded up:
       exact, and so it is in whole numbers. Rounding may have carried the weights beyond 1. */
    for (size_t k = 0; k < mixture->components; k++) {
        below += mixture->weights[k] / sum;
        thresholds[k] = (int32_t)fmin(ceil(below * 0x1p24), 0x1p24);
    }
    for (size_t done = 0; done < count; done += BATCH) {
        size_t some = count - done < BATCH ? count - done : BATCH;

        draw_batch(mixture, thresholds, seed, offset + done, some, samples + done);
    }
}
