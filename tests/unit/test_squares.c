/* Root mean squares against exact sums, and the same bits from any pieces and threads. */
#include "expect.h"
#include "failing_malloc.h"
#include "made.h"

#include <dissolve/squares.h>
#include <pthread.h>

static struct dissolve_squares *squares_for(size_t n)
{
    struct dissolve_squares *squares;

    assert_int_equal(dissolve_squares_create(n, &squares), DISSOLVE_OK);
    return squares;
}

static double rms_of(const float *x, size_t n)
{
    struct dissolve_squares *squares = squares_for(n);
    double rms;

    dissolve_squares_add(squares, 0, x, n);
    rms = dissolve_squares_rms(squares);
    dissolve_squares_destroy(squares);
    return rms;
}

static void the_rms_is_right(void **state)
{
    static const float known[] = {3.0f, -4.0f, 0.0f, 12.0f};
    static const size_t sizes[] = {1, 2, 7, 8, 9, 1023, 1024, 1025, 100003};

    (void)state;
    assert_true(rms_of(known, 4) == 6.5);
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        float *x = made(k, sizes[k], -15, 3.0f);
        long double sum = 0;

        for (size_t i = 0; i < sizes[k]; i++)
            sum += (long double)x[i] * (long double)x[i];
        double expected = (double)sqrtl(sum / (long double)sizes[k]);
        assert_true(fabs(rms_of(x, sizes[k]) - expected) <= 1e-14 * expected);
        free(x);
    }
}

/* In any order too, and with the same object used again. */
static void pieces_change_no_bit(void **state)
{
    enum { N = 36000 };
    float *x = made(5, N, -15, 0.1f);
    double whole = rms_of(x, N);
    struct dissolve_squares *squares = squares_for(N);

    (void)state;
    for (size_t piece = DISSOLVE_TALLY_BLOCK; piece < N; piece += 3 * DISSOLVE_TALLY_BLOCK) {
        for (size_t i = (N - 1) / piece + 1; i-- > 0;) {
            size_t first = i * piece;

            dissolve_squares_add(squares, first, x + first, N - first < piece ? N - first : piece);
        }
        assert_true(dissolve_squares_rms(squares) == whole);
        dissolve_squares_reset(squares);
        assert_true(dissolve_squares_rms(squares) == 0.0);
    }
    dissolve_squares_destroy(squares);
    free(x);
}

enum { THREADS = 4, PIECES = 199 };

struct work {
    struct dissolve_squares *squares;
    const float *x;
    size_t n;
    size_t thread;
};

static void *add_some(void *context)
{
    const struct work *work = context;

    for (size_t i = work->thread; i < PIECES; i += THREADS) {
        size_t first = i * DISSOLVE_TALLY_BLOCK, left = work->n - first;

        dissolve_squares_add(work->squares, first, work->x + first,
                             left < DISSOLVE_TALLY_BLOCK ? left : DISSOLVE_TALLY_BLOCK);
    }
    return NULL;
}

static void threads_change_no_bit(void **state)
{
    const size_t n = (PIECES - 1) * DISSOLVE_TALLY_BLOCK + 3;
    float *x = made(6, n, -15, 0.0f);
    struct dissolve_squares *squares = squares_for(n);
    struct work work[THREADS];
    pthread_t threads[THREADS];

    (void)state;
    for (size_t i = 0; i < THREADS; i++) {
        work[i] = (struct work){squares, x, n, i};
        assert_int_equal(pthread_create(&threads[i], NULL, add_some, &work[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_true(dissolve_squares_rms(squares) == rms_of(x, n));
    dissolve_squares_destroy(squares);
    free(x);
}

static void nothing_and_no_memory_are_refused(void **state)
{
    struct dissolve_squares *squares = (void *)(uintptr_t)1;

    (void)state;
    assert_int_equal(dissolve_squares_create(0, &squares), DISSOLVE_INVALID);
    assert_null(squares);
    squares = (void *)(uintptr_t)1;
    fail_allocation(0);
    enum dissolve_status status = dissolve_squares_create(SIZE_MAX, &squares);
    assert_true(allocation_failed());
    assert_int_equal(status, DISSOLVE_NO_MEMORY);
    assert_null(squares);
    dissolve_squares_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rms_is_right),
        cmocka_unit_test(pieces_change_no_bit),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(nothing_and_no_memory_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
