/* Schedules: one way to fill the betas for each kind, one way to finish the table for all. */
#include <dissolve/schedule.h>
#include <math.h>
#include <stdlib.h>

/* What is known of t steps. Row 0 is the input, whose beta is never read. */
struct row {
    double beta;
    double log_alpha;  /* sum of log1p(-beta_s) over the s <= t with beta_s < 1 */
    uint32_t erasures; /* how many s <= t have beta_s = 1, whose logarithm is -infinity */
};

struct dissolve_schedule {
    uint32_t steps;
    struct row rows[]; /* steps + 1 of them */
};

static void fill_constant(const struct dissolve_schedule_options *options, struct row *rows)
{
    for (uint32_t t = 1; t <= options->steps; t++)
        rows[t].beta = options->beta;
}

/* Writes the betas of rows 1..steps, whether or not they lie in 0..1. */
static enum dissolve_status fill(const struct dissolve_schedule_options *options, struct row *rows)
{
    switch (options->kind) {
    case DISSOLVE_SCHEDULE_CONSTANT:
        fill_constant(options, rows);
        return DISSOLVE_OK;
    }
    return DISSOLVE_INVALID;
}

/* Checks the betas and makes the cumulated columns from them. */
static enum dissolve_status finish(struct row *rows, uint32_t steps)
{
    rows[0] = (struct row){0};
    for (uint32_t t = 1; t <= steps; t++) {
        double beta = rows[t].beta + 0.0; /* makes a -0 a 0 */

        if (!(beta >= 0.0 && beta <= 1.0)) /* true for a NaN as well */
            return DISSOLVE_INVALID;
        rows[t] = rows[t - 1];
        rows[t].beta = beta;
        if (beta < 1.0)
            rows[t].log_alpha += log1p(-beta);
        else
            rows[t].erasures++;
    }
    return DISSOLVE_OK;
}

enum dissolve_status dissolve_schedule_create(const struct dissolve_schedule_options *options,
                                              struct dissolve_schedule **schedule)
{
    enum dissolve_status status = DISSOLVE_INVALID;
    struct dissolve_schedule *made = NULL;

    *schedule = NULL;
    if (options->steps > DISSOLVE_MAX_STEPS)
        goto done;
    /* The bound on the steps keeps this sum far from an overflow. */
    made = malloc(sizeof *made + ((size_t)options->steps + 1) * sizeof made->rows[0]);
    if (!made) {
        status = DISSOLVE_NO_MEMORY;
        goto done;
    }
    made->steps = options->steps;
    status = fill(options, made->rows);
    if (status == DISSOLVE_OK)
        status = finish(made->rows, made->steps);
    if (status == DISSOLVE_OK) {
        *schedule = made;
        made = NULL;
    }

done:
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

double dissolve_schedule_alpha_cumprod(const struct dissolve_schedule *schedule, uint32_t t)
{
    const struct row *row = &schedule->rows[t];

    return row->erasures ? 0.0 : exp(row->log_alpha);
}

double dissolve_schedule_snr(const struct dissolve_schedule *schedule, uint32_t t)
{
    const struct row *row = &schedule->rows[t];

    if (row->erasures)
        return 0.0;
    if (row->log_alpha >= 0.0) /* never above; 1 / expm1(-0) would be of the wrong sign */
        return (double)INFINITY;
    return 1.0 / expm1(-row->log_alpha);
}
