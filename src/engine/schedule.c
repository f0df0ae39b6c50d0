/* Schedules: one way to fill the numbers for each kind, one way to finish the table for all. */
#include <dissolve/schedule.h>
#include <math.h>
#include <stdlib.h>

static const double pi = 3.14159265358979323846;
static const double log_2 = 0.69314718055994530942;

/* What is known of t steps. Row 0 is the input, whose beta is never read. */
struct row {
    double beta;
    double log_alpha;  /* sum of log1p(-beta_s) over the s <= t with beta_s < 1 */
    double log_rest;   /* what rounding took from that sum, so that differences of sums are good */
    uint32_t erasures; /* how many s <= t have beta_s = 1, whose logarithm is -infinity */
};

struct dissolve_schedule {
    uint32_t steps;
    struct row rows[]; /* steps + 1 of them */
};

/* Element i of numpy.linspace(start, end, count), operation by operation, for its bits. */
static double linspace(double start, double end, uint32_t count, uint32_t i)
{
    double parts = (double)count - 1.0;
    double step = (end - start) / parts;

    if (count == 1)
        return start;
    if (i == count - 1)
        return end;
    if (step == 0.0) /* too small a number, unless start = end */
        return (double)i / parts * (end - start) + start;
    return (double)i * step + start;
}

/* beta_start and beta_end, scaled if the options say so. steps is at least 1. */
struct ends {
    double start, end;
};

static struct ends scaled_ends(const struct dissolve_schedule_options *options)
{
    double scale = options->scale_betas ? DISSOLVE_SCALE_STEPS / (double)options->steps : 1.0;

    return (struct ends){scale * options->beta_start, scale * options->beta_end};
}

/* Leaves a NaN as it is, so that it stays a fault. */
static double cap_scaled(const struct dissolve_schedule_options *options, double number)
{
    return options->scale_betas && number > DISSOLVE_SCALE_CAP ? DISSOLVE_SCALE_CAP : number;
}

static double linear(const struct dissolve_schedule_options *options, uint32_t i)
{
    struct ends ends = scaled_ends(options);

    return cap_scaled(options, linspace(ends.start, ends.end, options->steps, i));
}

static double scaled_linear(const struct dissolve_schedule_options *options, uint32_t i)
{
    struct ends ends = scaled_ends(options);
    double root = linspace(sqrt(ends.start), sqrt(ends.end), options->steps, i);

    return cap_scaled(options, root * root);
}

/*
 * With c = pi/2 / 1.008 and k = steps - i, f(i/steps) is sin^2(c k/steps), and 1 - f((i + 1)/steps)
 * / f(i/steps) is sin(c/steps) sin(c (2k - 1)/steps) / sin^2(c k/steps): no digits are lost where
 * the two f are almost the same or almost 0, so that C libraries which differ in the last place of
 * a sine agree on the float32 of it. For k = 1 it is exactly 1.
 */
static double cosine(const struct dissolve_schedule_options *options, uint32_t i)
{
    const double c = pi / 2.0 / 1.008;
    double steps = (double)options->steps;
    double k = steps - (double)i;
    double before = sin(c * k / steps);
    double cut = sin(c / steps) * sin(c * (2.0 * k - 1.0) / steps) / (before * before);

    return cut < options->max_beta ? cut : options->max_beta;
}

static double sigmoid(const struct dissolve_schedule_options *options, uint32_t i)
{
    struct ends ends = scaled_ends(options);
    double share = 1.0 / (1.0 + exp(-linspace(-6.0, 6.0, options->steps, i)));

    return cap_scaled(options, share * (ends.end - ends.start) + ends.start);
}

/* Number i of the schedule, whether or not it lies in 0..1; a NaN of a kind that there is not. */
static double number(const struct dissolve_schedule_options *options, uint32_t i)
{
    switch (options->kind) {
    case DISSOLVE_SCHEDULE_CONSTANT:
        return options->beta;
    case DISSOLVE_SCHEDULE_LINEAR:
        return linear(options, i);
    case DISSOLVE_SCHEDULE_SCALED_LINEAR:
        return scaled_linear(options, i);
    case DISSOLVE_SCHEDULE_COSINE:
        return cosine(options, i);
    case DISSOLVE_SCHEDULE_SIGMOID:
        return sigmoid(options, i);
    case DISSOLVE_SCHEDULE_CUSTOM:
        return options->betas[i];
    }
    return (double)NAN;
}

/* Whether the options, apart from the numbers that they make, are sound. */
static bool options_are_sound(const struct dissolve_schedule_options *options)
{
    return options->steps <= DISSOLVE_MAX_STEPS &&
           (unsigned)options->kind <= DISSOLVE_SCHEDULE_CUSTOM &&
           (unsigned)options->parameterization <= DISSOLVE_STD &&
           (options->kind != DISSOLVE_SCHEDULE_CUSTOM || options->betas || options->steps == 0);
}

/* Writes the betas of rows 1..steps; false, and what is at fault, if a number is not in 0..1. */
static bool fill(const struct dissolve_schedule_options *options, struct row *rows,
                 struct dissolve_schedule_fault *fault)
{
    for (uint32_t t = 1; t <= options->steps; t++) {
        double value = number(options, t - 1) + 0.0; /* makes a -0 a 0 */

        if (!(value >= 0.0 && value <= 1.0)) { /* true for a NaN as well */
            *fault = (struct dissolve_schedule_fault){t, value};
            return false;
        }
        rows[t].beta = options->parameterization == DISSOLVE_STD ? value * value : value;
    }
    return true;
}

/* Makes the cumulated columns from the betas. */
static void cumulate(struct row *rows, uint32_t steps)
{
    rows[0] = (struct row){0};
    for (uint32_t t = 1; t <= steps; t++) {
        const struct row *before = &rows[t - 1];
        double beta = rows[t].beta;
        double term = beta < 1.0 ? log1p(-beta) : 0.0;
        double sum = before->log_alpha + term;
        double added = sum - before->log_alpha;
        /* What the sum lacks, exactly (Knuth: The Art of Computer Programming 2, 4.2.2). */
        double lost = (before->log_alpha - (sum - added)) + (term - added);

        rows[t].log_alpha = sum;
        rows[t].log_rest = before->log_rest + lost;
        rows[t].erasures = before->erasures + (beta == 1.0);
    }
}

/* L_to - L_from, at most 0; of steps none of which has beta = 1. */
static double log_between(const struct row *from, const struct row *to)
{
    return (to->log_alpha - from->log_alpha) + (to->log_rest - from->log_rest);
}

/*
 * The betas that leave no signal; the cumulated columns are those of the old betas, and stay. With
 * d = 1 - s'_t / s'_{t-1} = (s_{t-1} - s_t) / (s_{t-1} - s_T) the new beta is d (2 - d), which is
 * in 0..1 whatever the rounding, 0 where beta is, and as exact as the logarithms. False if it
 * cannot be.
 */
static bool rescale(struct row *rows, uint32_t steps)
{
    const struct row *last = &rows[steps];

    if (steps < 2 || rows[1].erasures)
        return false;
    if (last->erasures == 0) {
        if (log_between(&rows[1], last) == 0.0)
            return false;
        for (uint32_t t = 2; t < steps; t++) {
            double left = log_between(&rows[t - 1], last);
            double step = log_between(&rows[t - 1], &rows[t]);
            double share;

            if (left == 0.0) /* no signal is left, and no noise is to come before the end */
                break;
            share = expm1(step / 2.0) / expm1(left / 2.0);
            rows[t].beta = share * (2.0 - share) + 0.0; /* 0 / -1 is a -0 */
        }
    }
    rows[steps].beta = 1.0;
    return true;
}

static enum dissolve_status build(const struct dissolve_schedule_options *options,
                                  struct dissolve_schedule *schedule,
                                  struct dissolve_schedule_fault *fault)
{
    schedule->steps = options->steps;
    if (!fill(options, schedule->rows, fault))
        return DISSOLVE_INVALID;
    cumulate(schedule->rows, options->steps);
    if (options->rescale_zero_snr) {
        if (!rescale(schedule->rows, options->steps))
            return DISSOLVE_INVALID;
        cumulate(schedule->rows, options->steps);
    }
    return DISSOLVE_OK;
}

enum dissolve_status dissolve_schedule_create(const struct dissolve_schedule_options *options,
                                              struct dissolve_schedule **schedule,
                                              struct dissolve_schedule_fault *fault)
{
    enum dissolve_status status = DISSOLVE_INVALID;
    struct dissolve_schedule_fault found = {0, 0.0};
    struct dissolve_schedule *made = NULL;

    *schedule = NULL;
    if (!options_are_sound(options))
        goto done;
    /* The bound on the steps keeps this sum far from an overflow. */
    made = malloc(sizeof *made + ((size_t)options->steps + 1) * sizeof made->rows[0]);
    if (!made) {
        status = DISSOLVE_NO_MEMORY;
        goto done;
    }
    status = build(options, made, &found);
    if (status == DISSOLVE_OK) {
        *schedule = made;
        made = NULL;
    }

done:
    if (status == DISSOLVE_INVALID && fault)
        *fault = found;
    dissolve_schedule_destroy(made);
    return status;
}

void dissolve_schedule_destroy(struct dissolve_schedule *schedule)
{
    free(schedule);
}

uint32_t dissolve_schedule_steps(const struct dissolve_schedule *schedule)
{
    return schedule->steps;
}

double dissolve_schedule_beta(const struct dissolve_schedule *schedule, uint32_t t)
{
    return schedule->rows[t].beta;
}

/* L_t of the steps with beta < 1: 0 if none of them added noise, below 0 otherwise. */
static double log_alpha(const struct row *row)
{
    return row->log_alpha + row->log_rest;
}

/* log(1 - exp(l)) for l < 0, by the form that keeps its digits (Maechler, 2012). */
static double log_one_minus_exp(double l)
{
    return l > -log_2 ? log(-expm1(l)) : log1p(-exp(l));
}

double dissolve_schedule_alpha_cumprod(const struct dissolve_schedule *schedule, uint32_t t)
{
    const struct row *row = &schedule->rows[t];

    return row->erasures ? 0.0 : exp(log_alpha(row));
}

double dissolve_schedule_snr(const struct dissolve_schedule *schedule, uint32_t t)
{
    const struct row *row = &schedule->rows[t];

    if (row->erasures)
        return 0.0;
    if (log_alpha(row) >= 0.0) /* never above; 1 / expm1(-0) would be of the wrong sign */
        return (double)INFINITY;
    return 1.0 / expm1(-log_alpha(row));
}

double dissolve_schedule_log_snr(const struct dissolve_schedule *schedule, uint32_t t)
{
    const struct row *row = &schedule->rows[t];

    if (row->erasures)
        return -(double)INFINITY;
    if (log_alpha(row) >= 0.0)
        return (double)INFINITY;
    return log_alpha(row) - log_one_minus_exp(log_alpha(row));
}

double dissolve_schedule_kl(const struct dissolve_schedule *schedule, uint32_t t)
{
    const struct row *row = &schedule->rows[t];

    if (row->erasures)
        return 0.0;
    if (log_alpha(row) >= 0.0)
        return (double)INFINITY;
    return -log_one_minus_exp(log_alpha(row)) / 2.0;
}

void dissolve_schedule_transition(const struct dissolve_schedule *schedule, uint32_t from,
                                  uint32_t to, double *signal, double *variance)
{
    const struct row *a = &schedule->rows[from];
    const struct row *b = &schedule->rows[to];

    if (a->erasures != b->erasures) {
        *signal = 0.0;
        *variance = 1.0;
        return;
    }
    *signal = exp(log_between(a, b) / 2.0);
    *variance = 0.0 - expm1(log_between(a, b)); /* a minus alone would make a 0 a -0 */
}
