/* The persistent exclusion process in plain C, for persistent_exclusion_kernel.py to compare with: what a careful person writes.
 *
 * int32 arrays, a table of neighbours, PCG32 (M. O'Neill, https://www.pcg-random.org), a correct Fisher-Yates shuffle with Lemire's
 * multiplication instead of a division. A sweep shuffles, then visits. Built with -O3 -march=native.
 */
#include <stdint.h>

typedef struct { uint64_t state, increment; } pcg32;

static inline uint32_t draw(pcg32 *random)
{
    const uint64_t old = random->state;
    random->state = old * 6364136223846793005ULL + random->increment;
    const uint32_t shifted = (uint32_t)(((old >> 18) ^ old) >> 27);
    const uint32_t rotation = (uint32_t)(old >> 59);
    return (shifted >> rotation) | (shifted << (-rotation & 31));
}

void advance(int32_t *restrict lattice, int32_t *restrict place, int32_t *restrict orientation, int32_t *restrict order,
             const int32_t *restrict neighbour, int32_t particles, int64_t sweeps, double tumbling_rate, uint64_t *restrict state)
{
    pcg32 random = {state[0], state[1] | 1};
    for (int64_t sweep = 0; sweep < sweeps; sweep++) {
        for (int32_t i = particles - 1; i > 0; i--) {
            const int32_t j = (int32_t)(((uint64_t)draw(&random) * (uint32_t)(i + 1)) >> 32);
            const int32_t swap = order[i];
            order[i] = order[j];
            order[j] = swap;
        }
        for (int32_t i = 0; i < particles; i++) {
            const int32_t p = order[i], here = place[p], there = neighbour[4 * here + orientation[p]];
            if (!lattice[there]) {
                lattice[here] = 0;
                lattice[there] = 1;
                place[p] = there;
            }
            if (draw(&random) * 0x1p-32 < tumbling_rate)
                orientation[p] = (int32_t)(draw(&random) >> 30);
        }
    }
    state[0] = random.state;
}
