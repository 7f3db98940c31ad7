/* The Ising model on a periodic square lattice, H = -Σ s_i s_j over neighbours, J = k_B = 1: Metropolis from a random start.
   Usage: ising --size N --temperature T --seed S [--sweeps N]
   Writes spins.bin (N×N int8, +1 or -1), trace.csv (sweep, m), and prints the energy per site. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;

static double uniform(void) { /* splitmix64 (Steele, Lea and Flood 2014), in [0, 1) */
    uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

int main(int argc, char **argv) {
    int size = 0, sweeps = 300;
    double temperature = 0;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--size")) size = atoi(argv[i + 1]);
        else if (!strcmp(argv[i], "--sweeps")) sweeps = atoi(argv[i + 1]);
        else if (!strcmp(argv[i], "--temperature")) temperature = atof(argv[i + 1]);
        else if (!strcmp(argv[i], "--seed")) state = strtoull(argv[i + 1], NULL, 10);
        else { fprintf(stderr, "ising: unknown option %s\n", argv[i]); return 2; }
    }
    if (size < 2 || temperature <= 0) { fprintf(stderr, "ising: give --size of at least 2 and a positive --temperature\n"); return 2; }

    int8_t *spins = malloc((size_t)size * size);
    for (int i = 0; i < size * size; i++) spins[i] = uniform() < 0.5 ? -1 : 1;

    FILE *trace = fopen("trace.csv", "w");
    fprintf(trace, "sweep,m\n");
    for (int sweep = 1; sweep <= sweeps; sweep++) {
        for (int k = 0; k < size * size; k++) {
            int i = (int)(uniform() * size), j = (int)(uniform() * size);
            int around = spins[(i + 1) % size * size + j] + spins[(i + size - 1) % size * size + j]
                       + spins[i * size + (j + 1) % size] + spins[i * size + (j + size - 1) % size];
            int cost = 2 * spins[i * size + j] * around;
            if (cost <= 0 || uniform() < exp(-cost / temperature)) spins[i * size + j] = -spins[i * size + j];
        }
        long sum = 0;
        for (int k = 0; k < size * size; k++) sum += spins[k];
        fprintf(trace, "%d,%.6f\n", sweep, (double)sum / (size * size));
    }
    fclose(trace);

    long energy = 0;
    for (int i = 0; i < size; i++)
        for (int j = 0; j < size; j++)
            energy -= spins[i * size + j] * (spins[(i + 1) % size * size + j] + spins[i * size + (j + 1) % size]);
    printf("energy per site = %.8f\n", (double)energy / (size * size));

    FILE *out = fopen("spins.bin", "wb");
    fwrite(spins, 1, (size_t)size * size, out);
    return fclose(out) ? 1 : 0;
}
