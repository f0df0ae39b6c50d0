/* The project's own picture: the same bytes from every compiler, and the way out without memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "api/sample_picture.h"
#include "failing_malloc.h"

/* FNV-1a, 64 bits. */
static uint64_t fingerprint(const uint8_t *bytes, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3;
    return hash;
}

static const uint8_t *pixel_at(const uint8_t *pixels, unsigned x, unsigned y)
{
    return pixels + ((size_t)y * API_SAMPLE_SIDE + x) * 3;
}

/* A change of the picture is a change of this number, and of every example that shows it. */
static void every_machine_draws_the_same_bytes(void **state)
{
    (void)state;
    uint32_t width = 0, height = 0;
    uint8_t *pixels = NULL;
    assert_int_equal(api_sample_picture(&width, &height, &pixels), DISSOLVE_OK);
    assert_int_equal(width, 512);
    assert_int_equal(height, 512);
    assert_true(fingerprint(pixels, (size_t)width * height * 3) == 0xb4b910749a5ffd66);
    free(pixels);
}

/* Says more than a hash where the hash fails: night above, the sun, a red band, a red hull. */
static void the_subjects_stand_where_they_belong(void **state)
{
    (void)state;
    uint32_t width, height;
    uint8_t *pixels;
    assert_int_equal(api_sample_picture(&width, &height, &pixels), DISSOLVE_OK);
    const uint8_t *night = pixel_at(pixels, 100, 2), *sun = pixel_at(pixels, 176, 240);
    const uint8_t *band = pixel_at(pixels, 430, 237), *hull = pixel_at(pixels, 246, 410);
    assert_true(night[0] < 40 && night[1] < 40 && night[2] > 50);
    assert_true(sun[0] == 255 && sun[1] > 240 && sun[2] > 200);
    assert_true(band[0] > 2 * band[1] && band[0] > 2 * band[2]);
    assert_true(hull[0] > 2 * hull[1] && hull[0] > 2 * hull[2]);
    free(pixels);
}

static void without_memory_there_is_no_picture(void **state)
{
    (void)state;
    uint32_t width, height;
    uint8_t *pixels = (uint8_t *)"";
    fail_allocation(0);
    enum dissolve_status status = api_sample_picture(&width, &height, &pixels);
    assert_true(allocation_failed());
    assert_int_equal(status, DISSOLVE_NO_MEMORY);
    assert_null(pixels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_machine_draws_the_same_bytes),
        cmocka_unit_test(the_subjects_stand_where_they_belong),
        cmocka_unit_test(without_memory_there_is_no_picture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
