/* The kernel's one source: Philox, Box-Muller, step, bridge, rendering. Included once per
   instruction set. */

/*
 * One pass works on LANES Philox blocks, 4 LANES elements. The blocks live in 64-bit lanes, half of
 * them in `even` and half in `odd`, where a 32 x 32 -> 64 bit multiplication needs no shuffling;
 * the upper halves hold leftovers that nothing reads. A group (KERNEL_GROUP) is one pass or two.
 */

#include "kernel.h"
#include "lanes.h"

#define PASS (4 * LANES) /* elements */

/* The keys of all rounds, spread over the lanes, made once per call. */
struct round_keys {
    vlong k0[PHILOX_ROUNDS];
    vlong k1[PHILOX_ROUNDS];
};

static void make_round_keys(uint64_t seed, struct round_keys *keys)
{
    uint32_t k0 = (uint32_t)seed;
    uint32_t k1 = (uint32_t)(seed >> 32);
    for (int i = 0; i < PHILOX_ROUNDS; i++) {
        keys->k0[i] = lanes_all64(k0);
        keys->k1[i] = lanes_all64(k1);
        k0 += PHILOX_W0;
        k1 += PHILOX_W1;
    }
}

struct counters {
    vlong c0, c1, c2, c3;
};

LANES_INLINE void philox_round(struct counters *c, vlong k0, vlong k1)
{
    vlong p0 = lanes_mul32(c->c0, lanes_all64(PHILOX_M0));
    vlong p1 = lanes_mul32(c->c2, lanes_all64(PHILOX_M1));
    c->c0 = (p1 >> 32) ^ c->c1 ^ k0;
    c->c1 = p1;
    c->c2 = (p0 >> 32) ^ c->c3 ^ k1;
    c->c3 = p0;
}

/* The pass's words: word[j], lane l, is word j of the block in lane l. */
LANES_INLINE void pass_words(uint64_t block, uint32_t t, uint32_t stream,
                             const struct round_keys *keys, vuint word[4])
{
    vlong low = lanes_all64((uint32_t)block);
    struct counters even = {.c0 = low + LANES_EVEN,
                            .c1 = lanes_all64(block >> 32),
                            .c2 = lanes_all64(t),
                            .c3 = lanes_all64(stream)};
    struct counters odd = even;
    odd.c0 += LANES_ODD;
    for (int i = 0; i < PHILOX_ROUNDS; i++) {
        philox_round(&even, keys->k0[i], keys->k1[i]);
        philox_round(&odd, keys->k0[i], keys->k1[i]);
    }
    word[0] = lanes_weave(even.c0, odd.c0);
    word[1] = lanes_weave(even.c1, odd.c1);
    word[2] = lanes_weave(even.c2, odd.c2);
    word[3] = lanes_weave(even.c3, odd.c3);
}

/*
 * sqrt(-2 ln u), u = ((w >> 8) + 1) 2^-24. u = m 2^e with m in [sqrt(1/2), sqrt(2)), f = m - 1,
 * -2 ln u = -2 ln 2 e + f P(f), P the minimax polynomial of -2 ln(1 + f)/f (relative error 3e-8).
 */
LANES_INLINE vfloat radius(vuint w)
{
    const uint32_t sqrt_half = 0x3f3504f3;
    vfloat u = __builtin_convertvector((vint)((w >> 8) + 1), vfloat) * 0x1p-24f;
    vuint offset = (vuint)u - sqrt_half;
    vfloat halvings = __builtin_convertvector(-((vint)offset >> 23), vfloat);
    vfloat f = (vfloat)((offset & 0x7fffff) + sqrt_half) - 1.0f;
    vfloat p = lanes_all(-0.1744471937417984f);
    p = lanes_fma(p, f, lanes_all(0.28733691573143005f));
    p = lanes_fma(p, f, lanes_all(-0.2990453243255615f));
    p = lanes_fma(p, f, lanes_all(0.33124786615371704f));
    p = lanes_fma(p, f, lanes_all(-0.39913666248321533f));
    p = lanes_fma(p, f, lanes_all(0.5000414848327637f));
    p = lanes_fma(p, f, lanes_all(-0.6666837334632874f));
    p = lanes_fma(p, f, lanes_all(0.9999997615814209f));
    p = lanes_fma(p, f, lanes_all(-2.0f));
    return lanes_sqrt(lanes_fma(halvings, lanes_all(1.3862943611198906f), f * p));
}

/*
 * Cosine and sine of 2 pi w / 2^32. The nearest quarter turn q is split off, y in [-1/2, 1/2] is
 * what remains, in quarter turns; sin(pi y/2) = y S(y^2) and cos(pi y/2) = C(y^2), minimax
 * polynomials with an absolute error of 3e-8.
 */
LANES_INLINE void cos_sin(vuint w, vfloat *cosine, vfloat *sine)
{
    vuint q = (w + 0x20000000u) >> 30;
    vfloat y = __builtin_convertvector((vint)(w << 2), vfloat) * 0x1p-32f;
    vfloat z = y * y;
    vfloat s = lanes_all(-0.004592289216816425f);
    s = lanes_fma(s, z, lanes_all(0.07967590540647507f));
    s = lanes_fma(s, z, lanes_all(-0.6459629535675049f));
    s = lanes_fma(s, z, lanes_all(1.570796251296997f));
    s = s * y;
    vfloat c = lanes_all(-0.020408352836966515f);
    c = lanes_fma(c, z, lanes_all(0.2535986304283142f));
    c = lanes_fma(c, z, lanes_all(-1.2336970567703247f));
    c = lanes_fma(c, z, lanes_all(1.0f));
    vuint swap = -(q & 1); /* all ones in odd quadrants */
    vuint differ = ((vuint)s ^ (vuint)c) & swap;
    *cosine = (vfloat)((vuint)c ^ differ ^ (((q + 1) & 2) << 30));
    *sine = (vfloat)((vuint)s ^ differ ^ ((q & 2) << 30));
}

/* The normals of a pass, in the elements' order: n[0] holds the first LANES elements. */
LANES_INLINE void pass_normals(uint64_t block, uint32_t t, uint32_t stream,
                               const struct round_keys *keys, vfloat n[4])
{
    vuint word[4];
    pass_words(block, t, stream, keys, word);
    for (int i = 0; i < 4; i += 2) {
        vfloat c, s;
        cos_sin(word[i + 1], &c, &s);
        vfloat r = radius(word[i]);
        n[i] = r * c;
        n[i + 1] = r * s;
    }
    lanes_transpose(n);
}

static void run(float *x, size_t groups, const struct kernel_noise *noise, uint32_t t,
                const struct kernel_step *steps, size_t count)
{
    struct round_keys keys;
    make_round_keys(noise->seed, &keys);
    size_t passes = groups * (KERNEL_GROUP / PASS);
    for (size_t g = 0; g < passes; g++, x += PASS) {
        uint64_t block = noise->block + LANES * g;
        vfloat state[4];
        for (int i = 0; i < 4; i++)
            state[i] = lanes_load(x + LANES * i);
        for (size_t k = 0; k < count; k++) {
            vfloat n[4];
            pass_normals(block, t + (uint32_t)k, noise->stream, &keys, n);
            vfloat a = lanes_all(steps[k].signal);
            vfloat c = lanes_all(steps[k].noise);
            for (int i = 0; i < 4; i++)
                state[i] = lanes_fma(a, state[i], c * n[i]);
        }
        for (int i = 0; i < 4; i++)
            lanes_store(x + LANES * i, state[i]);
    }
}

static void bridge(float *x, const float *a, const float *b, size_t groups,
                   const struct kernel_noise *noise, uint32_t u,
                   const struct kernel_bridge *weights)
{
    struct round_keys keys;
    make_round_keys(noise->seed, &keys);
    vfloat left = lanes_all(weights->left);
    vfloat right = lanes_all(weights->right);
    vfloat spread = lanes_all(weights->noise);
    size_t passes = groups * (KERNEL_GROUP / PASS);
    for (size_t g = 0; g < passes; g++, x += PASS, a += PASS, b += PASS) {
        vfloat n[4];
        pass_normals(noise->block + LANES * g, u, noise->stream, &keys, n);
        for (int i = 0; i < 4; i++) {
            vfloat from_b = lanes_fma(right, lanes_load(b + LANES * i), spread * n[i]);
            lanes_store(x + LANES * i, lanes_fma(left, lanes_load(a + LANES * i), from_b));
        }
    }
}

static void normals(float *out, size_t groups, const struct kernel_noise *noise, uint32_t t)
{
    struct round_keys keys;
    make_round_keys(noise->seed, &keys);
    size_t passes = groups * (KERNEL_GROUP / PASS);
    for (size_t g = 0; g < passes; g++, out += PASS) {
        vfloat n[4];
        pass_normals(noise->block + LANES * g, t, noise->stream, &keys, n);
        for (int i = 0; i < 4; i++)
            lanes_store(out + LANES * i, n[i]);
    }
}

LANES_INLINE void render_pass(const float *x, uint8_t *pixels)
{
    vint levels[4];
    for (int i = 0; i < 4; i++) {
        vfloat v = (lanes_load(x + LANES * i) + 1.0f) * 0.5f;
        levels[i] = __builtin_convertvector(lanes_clip01(v) * 255.0f, vint);
    }
    lanes_store_bytes(levels, pixels);
}

static void render(const float *x, size_t n, uint8_t *pixels)
{
    size_t whole = n - n % PASS;
    for (size_t i = 0; i < whole; i += PASS)
        render_pass(x + i, pixels + i);
    if (whole < n) {
        float rest[PASS] = {0};
        uint8_t bytes[PASS];
        memcpy(rest, x + whole, (n - whole) * sizeof *x);
        render_pass(rest, bytes);
        memcpy(pixels + whole, bytes, n - whole);
    }
}

const struct kernel KERNEL_SYMBOL = {
    .name = KERNEL_NAME, .run = run, .bridge = bridge, .normals = normals, .render = render};
