/* A dense network in C, written for this file alone, held to the reference vectors of whole networks and of the
 * equations of backpropagation.
 *
 *     cc -std=c11 -O1 -Wall -Wextra -o dense examples/vectors/dense.c -lcjson -lm
 *     ./dense checks/vectors/v1/networks.json    (or equations.json)
 *
 * JSON by cJSON (Debian: libcjson-dev). Prints how many answers are right, how many wrong ones are rejected and how many
 * tests need what it does not have; exits with 1 if anything disagrees. Matrices are row by row; columns are examples.
 */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOLERANCE 1e-9
#define DEPTH 8
#define MOST 64 /* entries of a matrix */

typedef struct { int rows, cols; double at[MOST]; } Matrix;
typedef struct { double value, slope; } Pair;
typedef struct { Matrix z[DEPTH], a[DEPTH], delta[DEPTH], W[DEPTH], b[DEPTH], newW[DEPTH], newb[DEPTH], x, jacobian; double cost; } Answer;
static double sigmoid(double z) { return z > 0 ? 1 / (1 + exp(-z)) : exp(z) / (1 + exp(z)); }
static double softplus(double z) { return fmax(z, 0) + log1p(exp(-fabs(z))); }
static double held(double z, double low, double high) { return fmin(fmax(z, low), high); }
static double within(double z, double low, double high) { return z > low && z < high; }

static const double ALPHA = 1.6732632423543772, SCALE = 1.0507009873554805;
static Pair identity(double z) { return (Pair){z, 1}; }
static Pair logistic(double z) { return (Pair){sigmoid(z), sigmoid(z) * sigmoid(-z)}; }
static Pair hyperbolic(double z) { return (Pair){tanh(z), 1 / (cosh(z) * cosh(z))}; }
static Pair relu(double z) { return (Pair){fmax(z, 0), z > 0}; }
static Pair leaky(double z) { return z > 0 ? (Pair){z, 1} : (Pair){0.01 * z, 0.01}; }
static Pair elu(double z) { return z > 0 ? (Pair){z, 1} : (Pair){expm1(z), exp(z)}; }
static Pair selu(double z) {
  return z > 0 ? (Pair){SCALE * z, SCALE} : (Pair){SCALE * ALPHA * expm1(z), SCALE * ALPHA * exp(z)};
}
static Pair gelu(double z) {
  double half = erfc(-z * sqrt(0.5)) / 2;
  return (Pair){z * half, half + z * exp(-z * z / 2) / sqrt(2 * acos(-1))};
}
static Pair gelu_tanh(double z) {
  double rate = sqrt(2 / acos(-1)), t = tanh(rate * (z + 0.044715 * z * z * z));
  return (Pair){z * (1 + t) / 2, (1 + t) / 2 + z / 2 * (1 - t * t) * rate * (1 + 3 * 0.044715 * z * z)};
}
static Pair silu(double z) { return (Pair){z * sigmoid(z), sigmoid(z) * (1 + z * sigmoid(-z))}; }
static Pair mish(double z) {
  double t = tanh(softplus(z));
  return (Pair){z * t, t + z * (1 - t * t) * sigmoid(z)};
}
static Pair soft(double z) { return (Pair){softplus(z), sigmoid(z)}; }
static Pair softsign(double z) { return (Pair){z / (1 + fabs(z)), 1 / ((1 + fabs(z)) * (1 + fabs(z)))}; }
static Pair hardtanh(double z) { return (Pair){held(z, -1, 1), within(z, -1, 1)}; }
static Pair hardsigmoid(double z) { return (Pair){held(z + 3, 0, 6) / 6, within(z, -3, 3) / 6}; }
static Pair hardswish(double z) {
  return (Pair){z * held(z + 3, 0, 6) / 6, held(z + 3, 0, 6) / 6 + z * within(z, -3, 3) / 6};
}
static Pair relu6(double z) { return (Pair){held(z, 0, 6), within(z, 0, 6)}; }
static Pair log_sigmoid(double z) { return (Pair){-softplus(-z), sigmoid(-z)}; }
static Pair arctangent(double z) { return (Pair){atan(z), 1 / (1 + z * z)}; }
static Pair sine(double z) { return (Pair){sin(z), cos(z)}; }

static const struct { const char *name; Pair (*of)(double); } ACTIVATIONS[] = {
    {"identity", identity}, {"sigmoid", logistic}, {"tanh", hyperbolic}, {"relu", relu}, {"leaky_relu", leaky},
    {"elu", elu}, {"celu", elu}, {"selu", selu}, {"gelu", gelu}, {"gelu_tanh", gelu_tanh}, {"silu", silu},
    {"mish", mish}, {"softplus", soft}, {"softsign", softsign}, {"hardtanh", hardtanh}, {"hardsigmoid", hardsigmoid},
    {"hardswish", hardswish}, {"relu6", relu6}, {"log_sigmoid", log_sigmoid}, {"arctan", arctangent}, {"sin", sine}};
static double times_log(double y, double x) { return y == 0 ? 0 : y * log(x); }
static Pair squared(double a, double y) { return (Pair){(a - y) * (a - y) / 2, a - y}; }
static Pair absolute(double a, double y) { return (Pair){fabs(a - y), (a > y) - (a < y)}; }
static Pair huber(double a, double y) {
  double r = a - y, c = held(r, -1, 1);
  return (Pair){c * (r - c / 2), c};
}
static Pair log_cosh(double a, double y) { return (Pair){log(cosh(a - y)), tanh(a - y)}; }
static Pair binary(double a, double y) {
  return (Pair){-times_log(y, a) - times_log(1 - y, 1 - a), (y < 1 ? (1 - y) / (1 - a) : 0) - (y > 0 ? y / a : 0)};
}
static Pair binary_logits(double a, double y) { return (Pair){softplus(a) - y * a, sigmoid(a) - y}; }
static Pair cross(double a, double y) { return (Pair){-times_log(y, a), y > 0 ? -y / a : 0}; }
static Pair divergence(double a, double y) { return (Pair){times_log(y, y / a), y > 0 ? -y / a : 0}; }
static Pair hinge(double a, double y) { return (Pair){fmax(1 - y * a, 0), y * a < 1 ? -y : 0}; }
static Pair squared_hinge(double a, double y) {
  double m = fmax(1 - y * a, 0);
  return (Pair){m * m, -2 * y * m};
}
static Pair poisson(double a, double y) { return (Pair){a - times_log(y, a), 1 - y / a}; }

static const struct { const char *name; Pair (*of)(double, double); } LOSSES[] = {
    {"squared_error", squared}, {"absolute_error", absolute}, {"huber", huber}, {"log_cosh", log_cosh},
    {"binary_cross_entropy", binary}, {"binary_cross_entropy_logits", binary_logits}, {"cross_entropy", cross},
    {"kl_divergence", divergence}, {"hinge", hinge}, {"squared_hinge", squared_hinge}, {"poisson", poisson}};

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

static int activation(const char *name) {
  for (int k = 0; k < COUNT(ACTIVATIONS); k++)
    if (!strcmp(name, ACTIVATIONS[k].name)) return k;
  return !strcmp(name, "softmax") ? -1 : !strcmp(name, "log_softmax") ? -2 : -3;
}

static Matrix product(const Matrix *a, const Matrix *b) {
  Matrix c = {a->rows, b->cols, {0}};
  for (int i = 0; i < a->rows; i++)
    for (int j = 0; j < b->cols; j++)
      for (int k = 0; k < a->cols; k++) c.at[i * c.cols + j] += a->at[i * a->cols + k] * b->at[k * b->cols + j];
  return c;
}

static Matrix transposed(const Matrix *a) {
  Matrix t = {a->cols, a->rows, {0}};
  for (int i = 0; i < a->rows; i++)
    for (int j = 0; j < a->cols; j++) t.at[j * t.cols + i] = a->at[i * a->cols + j];
  return t;
}

/* softmax of column j, or its logarithm */
static void softmax(const Matrix *z, int j, double *p, double *logs) {
  double top = -INFINITY, sum = 0;
  for (int i = 0; i < z->rows; i++) top = fmax(top, z->at[i * z->cols + j]);
  for (int i = 0; i < z->rows; i++) sum += exp(z->at[i * z->cols + j] - top);
  for (int i = 0; i < z->rows; i++) {
    logs[i] = z->at[i * z->cols + j] - top - log(sum);
    p[i] = exp(logs[i]);
  }
}

/* a = sigma(z); with v, what is pulled back through sigma instead */
static Matrix apply(int which, const Matrix *z, const Matrix *v) {
  Matrix out = *z;
  double p[MOST], logs[MOST];
  for (int j = 0; j < z->cols; j++) {
    if (which < 0) softmax(z, j, p, logs);
    double sum = 0;
    for (int i = 0; v && which < 0 && i < z->rows; i++) sum += (which == -1 ? p[i] : 1) * v->at[i * z->cols + j];
    for (int i = 0; i < z->rows; i++) {
      int k = i * z->cols + j;
      if (which >= 0) {
        Pair found = ACTIVATIONS[which].of(z->at[k]);
        out.at[k] = v ? v->at[k] * found.slope : found.value;
      } else if (which == -1) {
        out.at[k] = v ? p[i] * (v->at[k] - sum) : p[i];
      } else {
        out.at[k] = v ? v->at[k] - p[i] * sum : logs[i];
      }
    }
  }
  return out;
}

static int cost(const char *name, int mean, const Matrix *a, const Matrix *y, double *total, Matrix *slope) {
  double p[MOST], logs[MOST], share = mean ? a->cols : 1;
  *total = 0;
  *slope = *a;
  for (int which = 0; which < COUNT(LOSSES); which++) {
    if (strcmp(name, LOSSES[which].name)) continue;
    for (int k = 0; k < a->rows * a->cols; k++) {
      Pair found = LOSSES[which].of(a->at[k], y->at[k]);
      *total += found.value / share;
      slope->at[k] = found.slope / share;
    }
    return 1;
  }
  if (strcmp(name, "softmax_cross_entropy")) return 0;
  for (int j = 0; j < a->cols; j++) {
    double sum = 0;
    softmax(a, j, p, logs);
    for (int i = 0; i < a->rows; i++) sum += y->at[i * a->cols + j];
    for (int i = 0; i < a->rows; i++) {
      *total -= y->at[i * a->cols + j] * logs[i] / share;
      slope->at[i * a->cols + j] = (p[i] * sum - y->at[i * a->cols + j]) / share;
    }
  }
  return 1;
}

static void die(const char *why, const char *what) {
  fprintf(stderr, "dense: %s: %s\n", why, what);
  exit(2);
}

static Matrix matrix(const cJSON *tensor) {
  const cJSON *shape = cJSON_GetObjectItem(tensor, "shape"), *data = cJSON_GetObjectItem(tensor, "data"), *item;
  Matrix m = {1, 1, {0}};
  int n = 0;
  if (cJSON_GetArraySize(shape) > 0) m.rows = cJSON_GetArrayItem(shape, 0)->valueint;
  if (cJSON_GetArraySize(shape) > 1) m.cols = cJSON_GetArrayItem(shape, 1)->valueint;
  if (m.rows * m.cols > MOST || cJSON_GetArraySize(data) != m.rows * m.cols) die("a tensor of another size", "input");
  cJSON_ArrayForEach(item, data) m.at[n++] = item->valuedouble;
  return m;
}

/* w - step g */
static Matrix stepped(const Matrix *w, const Matrix *g, double step) {
  Matrix made = *w;
  for (int k = 0; k < w->rows * w->cols; k++) made.at[k] -= step * g->at[k];
  return made;
}

/* da^2/da^1 at the first example, where the second activation takes each entry alone */
static Matrix jacobian(int which, const Matrix *z, const Matrix *W) {
  Matrix made = *W;
  for (int k = 0; which >= 0 && k < W->rows * W->cols; k++)
    made.at[k] *= ACTIVATIONS[which].of(z->at[k / W->cols * z->cols]).slope;
  return made;
}

static int network(const cJSON *test, Answer *found) {
  const cJSON *parameters = cJSON_GetObjectItem(test, "parameters"), *inputs = cJSON_GetObjectItem(test, "inputs");
  const cJSON *names = cJSON_GetObjectItem(parameters, "activations");
  int depth = cJSON_GetArraySize(names), which[DEPTH];
  Matrix *A = found->a, *Z = found->z, W[DEPTH], b[DEPTH], y = matrix(cJSON_GetObjectItem(inputs, "y")), up;
  const cJSON *step = cJSON_GetObjectItem(parameters, "step");
  char name[16];
  if (depth >= DEPTH) die("too deep", cJSON_GetObjectItem(test, "id")->valuestring);
  A[0] = matrix(cJSON_GetObjectItem(inputs, "x"));
  for (int l = 1; l <= depth; l++) {
    which[l] = activation(cJSON_GetArrayItem(names, l - 1)->valuestring);
    if (which[l] == -3) return 0;
    snprintf(name, sizeof name, "W%d", l);
    W[l] = matrix(cJSON_GetObjectItem(inputs, name));
    snprintf(name, sizeof name, "b%d", l);
    b[l] = matrix(cJSON_GetObjectItem(inputs, name));
    Z[l] = product(&W[l], &A[l - 1]);
    for (int k = 0; k < Z[l].rows * Z[l].cols; k++) Z[l].at[k] += b[l].at[k / Z[l].cols];
    A[l] = apply(which[l], &Z[l], NULL);
  }
  int mean = !strcmp(cJSON_GetObjectItem(parameters, "reduction")->valuestring, "mean");
  if (!cost(cJSON_GetObjectItem(parameters, "loss")->valuestring, mean, &A[depth], &y, &found->cost, &up)) return 0;
  for (int l = depth; l >= 1; l--) {
    Matrix delta = apply(which[l], &Z[l], &up), below = transposed(&A[l - 1]), back = transposed(&W[l]);
    found->W[l] = product(&delta, &below);
    found->b[l] = (Matrix){delta.rows, 1, {0}};
    for (int k = 0; k < delta.rows * delta.cols; k++) found->b[l].at[k / delta.cols] += delta.at[k];
    found->delta[l] = delta;
    found->newW[l] = stepped(&W[l], &found->W[l], step ? step->valuedouble : 0);
    found->newb[l] = stepped(&b[l], &found->b[l], step ? step->valuedouble : 0);
    up = product(&back, &delta);
  }
  found->x = up;
  if (depth > 1) found->jacobian = jacobian(which[2], &Z[2], &W[2]);
  return depth;
}

/* whether a tensor of the file, its "high" or its "data", is what was found */
static int same(const Matrix *m, const cJSON *tensor) {
  const cJSON *wanted = cJSON_GetObjectItem(tensor, "high"), *item;
  double scale = cJSON_GetObjectItem(tensor, "scale")->valuedouble;
  int k = 0;
  if (!wanted) wanted = cJSON_GetObjectItem(tensor, "data");
  if (cJSON_GetArraySize(wanted) != m->rows * m->cols) return 0;
  cJSON_ArrayForEach(item, wanted) if (!(fabs(m->at[k++] - item->valuedouble) <= TOLERANCE * scale)) return 0;
  return 1;
}

static int all_same(const Answer *found, int depth, const cJSON *tensors) {
  const cJSON *tensor;
  Matrix total = {1, 1, {found->cost}};
  cJSON_ArrayForEach(tensor, tensors) {
    const char *name = tensor->string;
    int l = atoi(name + strcspn(name, "123456")), new = strstr(name, "_new") != NULL;
    if (l > depth) return 0;
    const Matrix *m = !strcmp(name, "output") ? &total : name[0] == 'j' ? &found->jacobian : name[0] == 'x' ? &found->x
                    : name[0] == 'z' ? &found->z[l] : name[0] == 'a' ? &found->a[l] : name[0] == 'd' ? &found->delta[l]
                    : name[0] == 'W' ? (new ? &found->newW[l] : &found->W[l]) : (new ? &found->newb[l] : &found->b[l]);
    if (!same(m, tensor)) return 0;
  }
  return 1;
}

static char *text_of(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END)) die("cannot read", path);
  long size = ftell(file);
  char *text = malloc((size_t)size + 1);
  rewind(file);
  if (!text || fread(text, 1, (size_t)size, file) != (size_t)size) die("cannot read", path);
  text[size] = 0;
  fclose(file);
  return text;
}

int main(int argc, char **argv) {
  int right = 0, rejected = 0, unsupported = 0, failures = 0;
  static Answer found;
  if (argc != 2) die("usage", "dense FILE.json");
  char *text = text_of(argv[1]);
  cJSON *vectors = cJSON_Parse(text), *group, *test;
  if (!vectors || cJSON_GetObjectItem(vectors, "version")->valueint != 1) die("not version 1 of the format", argv[1]);
  cJSON_ArrayForEach(group, cJSON_GetObjectItem(vectors, "groups")) {
    cJSON_ArrayForEach(test, cJSON_GetObjectItem(group, "tests")) {
      const char *id = cJSON_GetObjectItem(test, "id")->valuestring;
      int invalid = !strcmp(cJSON_GetObjectItem(test, "result")->valuestring, "invalid"), depth = network(test, &found);
      if (!depth) {
        unsupported++;
      } else if (invalid) {
        int fooled = all_same(&found, depth, cJSON_GetObjectItem(test, "wrong"));
        if (fooled) printf("%s: agrees with a wrong answer\n", id);
        *(fooled ? &failures : &rejected) += 1;
      } else if (all_same(&found, depth, cJSON_GetObjectItem(test, "values")) &&
                 all_same(&found, depth, cJSON_GetObjectItem(test, "gradients"))) {
        right++;
      } else {
        printf("%s: disagrees\n", id);
        failures++;
      }
    }
  }
  printf("%d right, %d rejected, %d failures, %d not supported\n", right, rejected, failures, unsupported);
  cJSON_Delete(vectors);
  free(text);
  return failures || !right;
}
