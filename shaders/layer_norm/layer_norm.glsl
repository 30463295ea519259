// y = (x - mean) / √(variance + ε) · scale + bias over the last dimension, whose variance is that of all its elements,
// as ONNX's LayerNormalization. `rows` has of each row the sum, and that of the squared distances from the mean.

vec4 add_up(int row) {
    vec4 sums = vec4(call.begin > 0 ? four(rows, row).x : 0.0, 0.0, 0.0, 0.0);
    int i = row * call.n + call.begin;
    int last = row * call.n + call.end;
    for (; i + 4 <= last; i += 4) {
        sums += from(x, i);
    }
    for (; i < last; i++) {
        sums.x += at(x, i);
    }
    return vec4(sum_of(sums), 0.0, 0.0, 0.0);
}

vec4 add_squares(int row) {
    vec4 before = four(rows, row);
    float mean = before.x / float(call.n);
    vec4 sums = vec4(before.y, 0.0, 0.0, 0.0);
    int i = row * call.n + call.begin;
    int last = row * call.n + call.end;
    for (; i + 4 <= last; i += 4) {
        vec4 apart = from(x, i) - mean;
        sums += apart * apart;
    }
    for (; i < last; i++) {
        float apart = at(x, i) - mean;
        sums.x += apart * apart;
    }
    return vec4(before.x, sum_of(sums), 0.0, 0.0);
}

float one(int i) {
    vec4 row = four(rows, i / call.n) / float(call.n);
    return (at(x, i) - row.x) / sqrt(row.y + call.epsilon) * at(scale, i % call.n) + at(bias, i % call.n);
}

vec4 value(int texel) {
    return FOUR_OF(one, texel);
}
