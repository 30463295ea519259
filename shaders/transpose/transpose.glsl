// y[*, n, m] = x[*, m, n] with the last two dimensions exchanged.

float one(int i) {
    int row = i % call.m;
    int column = i / call.m % call.n;
    return at(x, (i / (call.m * call.n) * call.m + row) * call.n + column);
}

vec4 value(int texel) {
    return FOUR_OF(one, texel);
}
