/* The exact law of a mixture at t: its density in closed form, its entropy by the trapezoid rule.
 */
#include <dissolve/marginal.h>

#include "measuring.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

enum {
    REACH = 10, /* sd on each side of a component that are integrated; 1.5e-23 of it lies beyond */

    /* Points per smallest sd. The rule's error comes from the zeros of p beside the real line and
       falls exponentially with this number: at 4 the largest found is 9e-10, for two equal
       components 7 sd apart. */
    DENSITY = 4,
    BLOCK = 64, /* points that are worked on together */
};

static const double pi = 3.14159265358979323846;

/*
 * A component of positive weight. First as it is: `at` its mean before the signal scales it. In a
 * grid all lengths are in units of the smallest sd, and `at` is the distance to the first part of
 * its stretch (a run of parts that reach each other): where the means are large and the sds small,
 * only the differences of means are exact enough.
 */
struct part {
    double at, sd;
    double left, right; /* at -+ REACH sd */
    double weight;      /* logarithm of the normalised weight */
    bool opens;         /* in a grid: the first of a stretch */
};

struct grid {
    double smallest; /* the smallest sd */
    size_t count;    /* 0: there is none, an sd is 0 */
    struct part parts[DISSOLVE_MAX_COMPONENTS];
};

/* Consecutive parts, and the points first / DENSITY .. last / DENSITY that cover them. */
struct stretch {
    const struct part *begin, *end;
    double first, last;
};

static double sum_of_weights(const struct dissolve_mixture *mixture)
{
    double sum = 0.0;

    for (size_t k = 0; k < mixture->components; k++)
        sum += mixture->weights[k];
    return sum;
}

static double sd_of(const struct dissolve_marginal *marginal, size_t k)
{
    return hypot(marginal->signal * marginal->mixture->stds[k], sqrt(marginal->variance));
}

/* The smallest sd of the components that count. */
static double smallest_sd(const struct dissolve_marginal *marginal)
{
    double smallest = (double)INFINITY;

    for (size_t k = 0; k < marginal->mixture->components; k++) {
        if (marginal->mixture->weights[k] > 0.0)
            smallest = fmin(smallest, sd_of(marginal, k));
    }
    return smallest;
}

/* Where the components lie on the real line, widened by what rounding may have moved them. */
static void collect(struct grid *grid, const struct dissolve_marginal *marginal)
{
    const struct dissolve_mixture *mixture = marginal->mixture;
    double sum = sum_of_weights(mixture);

    for (size_t k = 0; k < mixture->components; k++) {
        double mean = marginal->signal * mixture->means[k], sd = sd_of(marginal, k);
        double reach = REACH * sd + 4.0 * DBL_EPSILON * fabs(mean);

        if (!(mixture->weights[k] > 0.0))
            continue;
        grid->parts[grid->count++] = (struct part){
            .at = mixture->means[k],
            .sd = sd,
            .left = mean - reach,
            .right = mean + reach,
            .weight = log(mixture->weights[k] / sum),
        };
    }
}

/* By left ends; all else only makes the order, and so the sums, the same with every qsort. */
static int compare(const void *a, const void *b)
{
    const struct part *p = a, *q = b;
    const double left[] = {p->left, p->right, p->at, p->weight};
    const double right[] = {q->left, q->right, q->at, q->weight};

    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++) {
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    }
    return 0;
}

/* Cuts the sorted parts into stretches, and goes over to the grid's units. */
static void settle(struct grid *grid, double signal)
{
    double reached = -(double)INFINITY, origin = 0.0;

    for (size_t k = 0; k < grid->count; k++) {
        struct part *part = &grid->parts[k];

        part->opens = part->left > reached;
        origin = part->opens ? part->at : origin;
        reached = fmax(reached, part->right);
        part->at = signal * (part->at - origin) / grid->smallest;
        part->sd /= grid->smallest;
        part->left = part->at - REACH * part->sd;
        part->right = part->at + REACH * part->sd;
    }
}

static void make_grid(struct grid *grid, const struct dissolve_marginal *marginal)
{
    grid->count = 0;
    grid->smallest = smallest_sd(marginal);
    if (!(grid->smallest > 0.0))
        return;
    collect(grid, marginal);
    qsort(grid->parts, grid->count, sizeof grid->parts[0], compare);
    settle(grid, marginal->signal);
}

/* The stretch that begins with this part. */
static struct stretch stretch_from(const struct grid *grid, const struct part *part)
{
    const struct part *all_end = grid->parts + grid->count;
    struct stretch stretch = {.begin = part, .end = part};
    double left = part->left, right = part->right;

    do {
        left = fmin(left, stretch.end->left);
        right = fmax(right, stretch.end->right);
        stretch.end++;
    } while (stretch.end < all_end && !stretch.end->opens);
    stretch.first = floor(left * DENSITY);
    stretch.last = ceil(right * DENSITY);
    return stretch;
}

/* May be infinite. */
static double points_of(const struct grid *grid)
{
    const struct part *part = grid->parts, *end = grid->parts + grid->count;
    double points = 0.0;

    while (part < end) {
        struct stretch stretch = stretch_from(grid, part);

        points += stretch.last - stretch.first + 1.0;
        part = stretch.end;
    }
    return points;
}

uint64_t dissolve_marginal_points(const struct dissolve_marginal *marginal)
{
    struct grid grid;
    double points;

    make_grid(&grid, marginal);
    points = points_of(&grid);
    return points < 0x1p64 ? (uint64_t)points : UINT64_MAX;
}

/* The logarithm of a component's share of the density at its mean. */
static double peak_of(double log_weight, double sd)
{
    return log_weight - log(sd) - 0.5 * log(2.0 * pi);
}

/*
 * Sum of p ln p at points first, first + 1, .., of the parts that reach one of them. Sums of plain
 * exponentials are enough for ln p: they underflow only where p ln p does.
 */
static double sum_block(const struct part *begin, const struct part *end, double first,
                        size_t count)
{
    double points[BLOCK], density[BLOCK] = {0}, sum = 0.0;
    double left = first / DENSITY, right = (first + (double)(count - 1)) / DENSITY;

    for (size_t i = 0; i < count; i++)
        points[i] = (first + (double)i) / DENSITY;
    for (const struct part *part = begin; part < end; part++) {
        const struct measuring_gauss gauss = {part->at, part->sd, peak_of(part->weight, part->sd)};

        if (part->left <= right && part->right >= left)
            measuring_active()->gauss(points, count, &gauss, density);
    }
    for (size_t i = 0; i < count; i++) {
        if (density[i] > 0.0)
            sum += density[i] * log(density[i]);
    }
    return sum;
}

static bool is_cancelled(const struct dissolve_job *job)
{
    return job && dissolve_job_cancelled(job);
}

/*
 * The integral of p ln p over a stretch, in the grid's units. That the two ends count in full here,
 * not half, is no difference: p is below e^-50 of its height there. No term is positive (p is below
 * 1/sqrt(2 pi) in these units), so blocks added in order lose nothing.
 */
static double integrate(const struct stretch *stretch, const struct dissolve_job *job)
{
    const struct part *begin = stretch->begin;
    size_t points = (size_t)(stretch->last - stretch->first) + 1;
    double sum = 0.0;

    for (size_t done = 0; done < points && !is_cancelled(job); done += BLOCK) {
        double first = stretch->first + (double)done;

        while (begin < stretch->end && begin->right < first / DENSITY)
            begin++;
        sum += sum_block(begin, stretch->end, first, points - done < BLOCK ? points - done : BLOCK);
    }
    return sum / DENSITY;
}

/* NaN where there is none to be had. */
static double entropy_of(const struct dissolve_marginal *marginal, const struct dissolve_job *job)
{
    struct grid grid;
    const struct part *part = grid.parts;
    double entropy;

    make_grid(&grid, marginal);
    if (!grid.count || points_of(&grid) > DISSOLVE_MARGINAL_MAX_POINTS)
        return (double)NAN;
    entropy = log(grid.smallest);
    while (part < grid.parts + grid.count) {
        struct stretch stretch = stretch_from(&grid, part);

        entropy -= integrate(&stretch, job);
        part = stretch.end;
    }
    return entropy;
}

/* A mean of the mixture that counts: distances from it are as exact as the means are. */
static double some_mean(const struct dissolve_mixture *mixture)
{
    size_t k = 0;

    while (k + 1 < mixture->components && !(mixture->weights[k] > 0.0))
        k++;
    return mixture->means[k];
}

/* Mean and std at t, from those of the mixture itself. hypot: squares may leave the range of
 * double. */
static void moments(const struct dissolve_marginal *marginal,
                    struct dissolve_marginal_measures *measures)
{
    const struct dissolve_mixture *mixture = marginal->mixture;
    double origin = some_mean(mixture), sum = sum_of_weights(mixture);
    double mean = 0.0, std = 0.0;

    for (size_t k = 0; k < mixture->components; k++)
        mean += mixture->weights[k] / sum * (mixture->means[k] - origin);
    for (size_t k = 0; k < mixture->components; k++) {
        double apart = hypot(mixture->means[k] - origin - mean, mixture->stds[k]);

        std = hypot(std, sqrt(mixture->weights[k] / sum) * apart);
    }
    measures->mean = marginal->signal * (origin + mean);
    measures->std = hypot(marginal->signal * std, sqrt(marginal->variance));
}

enum dissolve_status dissolve_marginal_measure(const struct dissolve_marginal *marginal,
                                               const struct dissolve_job *job,
                                               struct dissolve_marginal_measures *measures)
{
    double square;

    moments(marginal, measures);
    measures->entropy = entropy_of(marginal, job);
    square = measures->mean * measures->mean + measures->std * measures->std;
    measures->kl = 0.5 * (square + log(2.0 * pi)) - measures->entropy;
    if (measures->kl < 0.0) /* not fmax, which would lose a NaN */
        measures->kl = 0.0;
    return is_cancelled(job) ? DISSOLVE_CANCELLED : DISSOLVE_OK;
}

static void add_component(const struct dissolve_marginal *marginal, size_t k, double log_weight,
                          const double *x, size_t n, double *density)
{
    double sd = sd_of(marginal, k);
    const struct measuring_gauss gauss = {
        .mean = marginal->signal * marginal->mixture->means[k],
        .sd = sd,
        .peak = peak_of(log_weight, sd),
    };

    measuring_active()->gauss(x, n, &gauss, density);
}

void dissolve_marginal_density(const struct dissolve_marginal *marginal, const double *x, size_t n,
                               double *density)
{
    const struct dissolve_mixture *mixture = marginal->mixture;
    double sum = sum_of_weights(mixture);
    bool smooth = smallest_sd(marginal) > 0.0;

    for (size_t i = 0; i < n; i++)
        density[i] = smooth ? 0.0 : (double)NAN;
    for (size_t k = 0; k < mixture->components && smooth; k++) {
        if (mixture->weights[k] > 0.0)
            add_component(marginal, k, log(mixture->weights[k] / sum), x, n, density);
    }
}
