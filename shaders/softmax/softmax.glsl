// y = e^x / Σ e^x over the last dimension. `rows` has of each row the largest x, which is taken off before, and the sum.

vec4 measure(int row) {
    vec4 before = call.begin > 0 ? four(rows, row) : vec4(LOWEST, 0.0, 0.0, 0.0);
    int first = row * call.n + call.begin;
    int last = row * call.n + call.end;
    float most = before.x;
    for (int i = first; i < last; i++) {
        most = max(most, at(x, i));
    }
    vec4 sums = vec4(before.y * exp(before.x - most), 0.0, 0.0, 0.0);
    int i = first;
    for (; i + 4 <= last; i += 4) {
        sums += exp(from(x, i) - most);
    }
    for (; i < last; i++) {
        sums.x += exp(at(x, i) - most);
    }
    return vec4(most, sum_of(sums), 0.0, 0.0);
}

float one(int i) {
    vec4 row = four(rows, i / call.n);
    return exp(at(x, i) - row.x) / row.y;
}

vec4 value(int texel) {
    return FOUR_OF(one, texel);
}
