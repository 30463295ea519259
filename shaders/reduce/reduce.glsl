// y[*] = the sum, mean, largest or smallest of x[*, n]. Of no elements the sum is 0, the mean NaN, the largest -infinity
// and the smallest infinity. NaN among them makes it NaN.

// The table's order.
const float MEAN = 1.0;
const float MAX = 2.0;
const float MIN = 3.0;

vec4 joined(vec4 left, vec4 right) {
    if (call.operation < MAX) {
        return left + right;
    }
    vec4 all = call.operation == MIN ? min(left, right) : max(left, right);
    return mix(mix(all, right, are_nan(right)), left, are_nan(left));
}

float one(int row) {
    float nothing = call.operation < MAX ? 0.0 : call.operation == MIN ? infinity() : -infinity();
    vec4 parts = vec4(call.begin > 0 ? at(y, row) : nothing, nothing, nothing, nothing);
    int i = row * call.n + call.begin;
    int last = row * call.n + call.end;
    for (; i + 4 <= last; i += 4) {
        parts = joined(parts, from(x, i));
    }
    for (; i < last; i++) {
        parts = joined(parts, vec4(at(x, i), nothing, nothing, nothing));
    }
    parts = joined(parts, vec4(parts.zw, nothing, nothing));
    float all = joined(parts, vec4(parts.y, nothing, nothing, nothing)).x;
    return call.operation != MEAN || call.end < call.n ? all : call.n == 0 ? not_a_number() : all / float(call.n);
}

vec4 value(int texel) {
    return FOUR_OF(one, texel);
}
