// c[*, m, n] = a[*, m, k] · b[*, k, n]. Where n is a multiple of 4, the four elements of a texel are of one row, and b is
// read by whole texels; where k is one as well, so is a.

// Four elements from i on, of any rows.
vec4 apart(int i, vec4 sums) {
    ivec4 all = ivec4(i) + ivec4(0, 1, 2, 3);
    ivec4 rows = all / call.n;
    ivec4 left = rows * call.k;
    ivec4 right = rows / call.m * (call.k * call.n) + all % call.n;
    for (int p = call.begin; p < call.end; p++) {
        ivec4 to = right + p * call.n;
        ivec4 by = left + p;
        sums += vec4(at(a, by.x), at(a, by.y), at(a, by.z), at(a, by.w))
            * vec4(at(b, to.x), at(b, to.y), at(b, to.z), at(b, to.w));
    }
    return sums;
}

vec4 value(int texel) {
    vec4 sums = call.begin > 0 ? four(c, texel) : vec4(0.0);
    if ((call.n & 3) != 0) {
        return apart(4 * texel, sums);
    }
    int row = 4 * texel / call.n;
    int left = row * call.k;
    int stride = call.n / 4;
    int right = row / call.m * call.k * stride + texel % stride;
    int p = call.begin;
    if ((call.k & 3) == 0) {
        for (; p < call.end; p += 4) {
            vec4 some = four(a, (left + p) >> 2);
            int from_row = right + p * stride;
            sums += some.x * four(b, from_row) + some.y * four(b, from_row + stride)
                + some.z * four(b, from_row + 2 * stride) + some.w * four(b, from_row + 3 * stride);
        }
    }
    for (; p < call.end; p++) {
        sums += at(a, left + p) * four(b, right + p * stride);
    }
    return sums;
}
