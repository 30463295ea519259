// y[*, m, e] = softmax(q[*, m, d] · k[*, n, d]ᵀ · scale) · v[*, n, e], 256 keys at a time, in one pass over them: `scores`
// has those of each query, and `rows` its largest score so far, the sum of the weights, and by which the sums before are
// made smaller. `causal`: query i of m sees the keys up to i + n - m. A query that sees no key has zeros.

const int KEYS = 256;

int seen_by(int row) {
    return call.causal == 0.0 ? call.n : clamp(row % call.m + 1 + call.n - call.m, 0, call.n);
}

// How many keys of this turn the query sees.
int count_of(int row) {
    return clamp(seen_by(row) - call.begin, 0, call.end - call.begin);
}

float product(int left, int right) {
    vec4 sums = vec4(0.0);
    int i = 0;
    for (; i + 4 <= call.d; i += 4) {
        sums += from(q, left + i) * from(k, right + i);
    }
    for (; i < call.d; i++) {
        sums.x += at(q, left + i) * at(k, right + i);
    }
    return sum_of(sums);
}

vec4 score(int texel) {
    int row = texel / (KEYS / 4);
    int first = texel % (KEYS / 4) * 4;
    int count = count_of(row);
    float factor = call.scale > 0.0 ? call.scale : inversesqrt(float(max(call.d, 1)));
    vec4 four_scores = vec4(LOWEST);
    for (int j = 0; j < 4; j++) {
        if (first + j < count) {
            int key = row / call.m * call.n + call.begin + first + j;
            four_scores[j] = product(row * call.d, key * call.d) * factor;
        }
    }
    return four_scores;
}

vec4 measure(int row) {
    vec4 before = call.begin > 0 ? four(rows, row) : vec4(LOWEST, 0.0, 0.0, 0.0);
    int count = count_of(row);
    float most = before.x;
    for (int j = 0; j < count; j++) {
        most = max(most, at(scores, row * KEYS + j));
    }
    float less = exp(before.x - most);
    float sum = before.y * less;
    for (int j = 0; j < count; j++) {
        sum += exp(at(scores, row * KEYS + j) - most);
    }
    return vec4(most, sum, less, 0.0);
}

float one(int i) {
    int row = i / call.e;
    int count = count_of(row);
    vec4 measured = four(rows, row);
    float sum = call.begin > 0 ? at(y, i) * measured.z : 0.0;
    int values = (row / call.m * call.n + call.begin) * call.e + i % call.e;
    for (int j = 0; j < count; j++) {
        sum += exp(at(scores, row * KEYS + j) - measured.x) * at(v, values + j * call.e);
    }
    return call.end == call.n && measured.y > 0.0 ? sum / measured.y : sum;
}

vec4 value(int texel) {
    return FOUR_OF(one, texel);
}
