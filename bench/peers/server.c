/*
 * Runs C kernels natively on an image of ringlane's linear memory, when told to on stdin:
 *
 *   run MICROSECONDS TIMES CALLS KERNEL A STEP B STEP ... F STEP KERNEL ...
 *                                ->  nanoseconds that the series takes (median sample): all calls, TIMES times, arguments moving on
 *   read ADDRESS BYTES           ->  the bytes, in hex
 *
 * An answer's line starts with "= ", since libraries may print lines of their own. A kernel is any function of this program with the shape uint32_t f(uint8_t *base, uint32_t a, ... up to six).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define ARGS 6
#define SAMPLES_MIN 3
#define SAMPLES_MAX 1000
/* A sample long enough that the clock's own cost is nothing. */
#define SAMPLE_NS 20000.0

typedef uint32_t kernel(uint8_t *, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t);

struct call {
  kernel *function;
  uint32_t args[ARGS], steps[ARGS];
};

struct series {
  unsigned times, n;
  struct call *calls;
};

static volatile uint32_t kept;

static double now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

static uint32_t run_once(uint8_t *base, const struct series *s) {
  uint32_t sum = 0;
  for (unsigned t = 0; t < s->times; t++) {
    for (const struct call *c = s->calls; c < s->calls + s->n; c++) {
      uint32_t a[ARGS];
      for (unsigned i = 0; i < ARGS; i++) a[i] = c->args[i] + t * c->steps[i];
      sum += c->function(base, a[0], a[1], a[2], a[3], a[4], a[5]);
    }
  }
  return sum;
}

static double series_ns(uint8_t *base, const struct series *s, unsigned repeats) {
  double start = now_ns();
  for (unsigned r = 0; r < repeats; r++) kept += run_once(base, s);
  return (now_ns() - start) / repeats;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median_ns(uint8_t *base, const struct series *s, double budget_ns) {
  static double samples[SAMPLES_MAX];
  unsigned repeats = 1;
  while (series_ns(base, s, repeats) * repeats < SAMPLE_NS) repeats *= 2;
  unsigned count = 0;
  for (double end = now_ns() + budget_ns; count < SAMPLES_MIN || (now_ns() < end && count < SAMPLES_MAX); count++) {
    samples[count] = series_ns(base, s, repeats);
  }
  qsort(samples, count, sizeof *samples, ascending);
  return samples[count / 2];
}

static void run(uint8_t *base) {
  double budget_us;
  struct series s;
  char name[64];
  if (scanf("%lf %u %u", &budget_us, &s.times, &s.n) != 3) exit(2);
  s.calls = calloc(s.n, sizeof *s.calls);
  for (struct call *c = s.calls; c < s.calls + s.n; c++) {
    if (scanf("%63s", name) != 1) exit(2);
    c->function = (kernel *)dlsym(RTLD_DEFAULT, name);
    if (!c->function) {
      fprintf(stderr, "no kernel %s\n", name);
      exit(2);
    }
    for (unsigned i = 0; i < ARGS; i++) if (scanf("%u %u", &c->args[i], &c->steps[i]) != 2) exit(2);
  }
  printf("= %.3f\n", median_ns(base, &s, budget_us * 1e3));
  free(s.calls);
}

static void read_back(const uint8_t *base) {
  unsigned at, bytes;
  if (scanf("%u %u", &at, &bytes) != 2) exit(2);
  printf("= ");
  for (unsigned i = 0; i < bytes; i++) printf("%02x", base[at + i]);
  printf("\n");
}

#ifdef HAS_DPDK
void dpdk_start(void);
#endif

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  FILE *image = fopen(argv[1], "rb");
  if (!image || fseek(image, 0, SEEK_END) != 0) return 2;
  size_t bytes = (size_t)ftell(image);
  rewind(image);
  uint8_t *base = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED || fread(base, 1, bytes, image) != bytes) return 2;
#ifdef HAS_DPDK
  dpdk_start();
#endif
  char command[8];
  while (scanf("%7s", command) == 1) {
    if (strcmp(command, "run") == 0) run(base);
    else if (strcmp(command, "read") == 0) read_back(base);
    else return 2;
    fflush(stdout);
  }
  return 0;
}
