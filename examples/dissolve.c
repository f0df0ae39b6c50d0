/* Takes three samples through 40 steps and prints where they are after every tenth. */
#include <dissolve/dissolve.h>
#include <stdio.h>

int main(void)
{
    float x[] = {3, 3, -3};
    struct dissolve_schedule *schedule;
    struct dissolve_pool *pool;
    struct dissolve_job *job;
    struct dissolve_process *process;
    const struct dissolve_schedule_options constant = {.steps = 40, .beta = 0.1};
    if (dissolve_schedule_create(&constant, &schedule, NULL) != DISSOLVE_OK ||
        dissolve_pool_create(0, &pool) != DISSOLVE_OK ||
        dissolve_job_create(pool, &job) != DISSOLVE_OK)
        return 1;
    const struct dissolve_process_options options = {.schedule = schedule, .seed = 42};
    if (dissolve_process_create(&options, x, 3, &process) != DISSOLVE_OK)
        return 1;
    for (struct dissolve_frame frame = {.t = 0}; frame.t <= 40; frame.t += 10) {
        if (dissolve_process_begin(process, job, &frame, 1) != DISSOLVE_OK ||
            dissolve_process_finish(process, job) != DISSOLVE_OK)
            return 1;
        printf("x_%-2u: %7.4f %7.4f %7.4f\n", (unsigned)frame.t, x[0], x[1], x[2]);
    }
    dissolve_process_destroy(process);
    dissolve_job_destroy(job);
    dissolve_pool_destroy(pool);
    dissolve_schedule_destroy(schedule);
}
