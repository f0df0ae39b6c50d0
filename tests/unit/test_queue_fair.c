/* The queue between clients: turns, short before long, and what one client may have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "http/queue.h"

enum { MOST = 64 };

struct scene;

struct piece {
    struct http_work work; /* first */
    struct scene *scene;
    char name;
    bool waits; /* for the gate of its client */
};

/* A queue and what ran in it, in order. */
struct scene {
    struct http_queue *queue;
    struct piece pieces[MOST];
    size_t count;
    atomic_size_t begun;
    char order[MOST + 1];
    const struct piece *ran[MOST];
    sem_t started;
    sem_t gates[256]; /* of each client */
};

static enum http_work_result run(struct http_work *work)
{
    struct piece *piece = (struct piece *)work;
    struct scene *scene = piece->scene;
    size_t place = atomic_fetch_add(&scene->begun, 1);
    scene->order[place] = piece->name;
    scene->ran[place] = piece;
    sem_post(&scene->started);
    if (piece->waits)
        sem_wait(&scene->gates[(unsigned char)piece->name]);
    return HTTP_WORK_DONE;
}

static void begin(struct scene *scene, unsigned threads, unsigned per_client, size_t capacity)
{
    const struct http_queue_options options = {
        .threads = threads, .capacity = capacity, .per_client = per_client};
    *scene = (struct scene){.queue = http_queue_create(&options)};
    assert_non_null(scene->queue);
    sem_init(&scene->started, 0, 0);
    for (size_t i = 0; i < 256; i++)
        sem_init(&scene->gates[i], 0, 0);
}

static void end(struct scene *scene)
{
    for (size_t i = 0; i < scene->count; i++)
        sem_post(&scene->gates[(unsigned char)scene->pieces[i].name]);
    http_queue_destroy(scene->queue);
    sem_destroy(&scene->started);
    for (size_t i = 0; i < 256; i++)
        sem_destroy(&scene->gates[i]);
}

static struct http_client client_of(char name)
{
    return (struct http_client){.prefix = (unsigned char)name, .family = 2};
}

/* Whether a piece of this client's is taken. Capital letters wait for their client's gate. */
static bool add(struct scene *scene, char name, uint64_t cost)
{
    struct piece *piece = &scene->pieces[scene->count];
    assert_in_range(scene->count, 0, MOST - 1);
    *piece = (struct piece){.work = {.run = run, .client = client_of(name), .cost = cost},
                            .scene = scene,
                            .name = name,
                            .waits = name >= 'A' && name <= 'Z'};
    bool taken = http_queue_submit(scene->queue, &piece->work);
    scene->count += taken;
    return taken;
}

static void await(struct scene *scene, size_t begun)
{
    for (size_t i = 0; i < begun; i++)
        sem_wait(&scene->started);
}

/* One thread, held by Z while the others are handed over; what ran then, in order. */
static void check_order(const char *names, const uint64_t *costs, const char *expected)
{
    struct scene scene;
    begin(&scene, 1, 1, MOST);
    assert_true(add(&scene, 'Z', 0));
    await(&scene, 1);
    for (size_t i = 0; names[i] != '\0'; i++)
        assert_true(add(&scene, names[i], costs == NULL ? 0 : costs[i]));
    sem_post(&scene.gates['Z']);
    http_queue_close(scene.queue);
    assert_string_equal(scene.order + 1, expected);
    end(&scene);
}

static void clients_take_turns(void **state)
{
    (void)state;
    check_order("aaaa", NULL, "aaaa");
    check_order("aaaab", NULL, "abaaa");
    check_order("aaabbbc", NULL, "abcabab");
    check_order("aabbab", NULL, "ababab");
}

static void short_pieces_of_a_client_come_before_its_long_ones(void **state)
{
    enum { COUNT = 5 };
    static const uint64_t costs[] = {9, 5, 5, 1, 7};
    static const size_t expected[] = {3, 1, 2, 4, 0};
    static const uint64_t others[] = {9, 9, 1, 1};
    (void)state;
    struct scene scene;
    begin(&scene, 1, 1, MOST);
    assert_true(add(&scene, 'Z', 0));
    await(&scene, 1);
    for (size_t i = 0; i < COUNT; i++)
        assert_true(add(&scene, 'a', costs[i]));
    sem_post(&scene.gates['Z']);
    http_queue_close(scene.queue);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(scene.ran[1 + i] - &scene.pieces[1], expected[i]);
    end(&scene);
    check_order("aabb", others, "abab"); /* a short piece does not take another client's turn */
}

static void one_client_has_no_more_threads_than_it_may(void **state)
{
    enum { THREADS = 4, PER_CLIENT = 2 };
    struct scene scene;
    (void)state;
    begin(&scene, THREADS, PER_CLIENT, MOST);
    for (size_t i = 0; i < 10; i++)
        assert_true(add(&scene, 'A', 0));
    await(&scene, PER_CLIENT);
    assert_int_equal(http_queue_length(scene.queue), 10 - PER_CLIENT);
    assert_true(add(&scene, 'B', 0)); /* the threads that are left are for others */
    assert_true(add(&scene, 'C', 0));
    await(&scene, 2);
    assert_int_equal(http_queue_length(scene.queue), 10 - PER_CLIENT);
    assert_true(add(&scene, 'B', 0));
    sem_post(&scene.gates['C']); /* a thread is free, and it is not A's */
    await(&scene, 1);
    assert_string_equal(scene.order, "AABCB");
    sem_post(&scene.gates['A']); /* now it is */
    await(&scene, 1);
    assert_string_equal(scene.order, "AABCBA");
    end(&scene);
}

static void one_client_does_not_fill_the_queue(void **state)
{
    enum { THREADS = 4, PER_CLIENT = 2, CAPACITY = 8, SHARE = PER_CLIENT + CAPACITY * 3 / 4 };
    const struct http_client a = client_of('A'), b = client_of('B');
    struct scene scene;
    (void)state;
    begin(&scene, THREADS, PER_CLIENT, CAPACITY);
    for (size_t i = 0; i < SHARE; i++) {
        assert_false(http_queue_full(scene.queue, &a));
        assert_true(add(&scene, 'A', 0));
    }
    await(&scene, PER_CLIENT);
    assert_true(http_queue_full(scene.queue, &a));
    assert_false(add(&scene, 'A', 0));
    assert_false(http_queue_full(scene.queue, &b));
    for (size_t i = SHARE; i < THREADS + CAPACITY; i++)
        assert_true(add(&scene, 'B', 0));
    assert_true(http_queue_full(scene.queue, &b));
    end(&scene);
}

/* As many as there are threads is no bound at all. */
static void a_client_may_be_allowed_everything(void **state)
{
    enum { THREADS = 2, CAPACITY = 4 };
    struct scene scene;
    (void)state;
    begin(&scene, THREADS, THREADS, CAPACITY);
    for (size_t i = 0; i < THREADS + CAPACITY; i++)
        assert_true(add(&scene, 'A', 0));
    await(&scene, THREADS);
    assert_false(add(&scene, 'A', 0));
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_take_turns),
        cmocka_unit_test(short_pieces_of_a_client_come_before_its_long_ones),
        cmocka_unit_test(one_client_has_no_more_threads_than_it_may),
        cmocka_unit_test(one_client_does_not_fill_the_queue),
        cmocka_unit_test(a_client_may_be_allowed_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
