// c[n, n] = a · b of two matrices that are made of a seed, which `factors` has one behind the other. Where n is a multiple
// of 4, the four elements of a texel are of one row, and both are read by whole texels.

// One to one, and each bit depends on all.
uvec4 hash(uvec4 x) {
    x = (x ^ (x >> 16u)) * 0x7feb352du;
    x = (x ^ (x >> 15u)) * 0x846ca68bu;
    return x ^ (x >> 16u);
}

vec4 make(int texel) {
    uint elements = uint(call.n * call.n);
    uvec4 all = uvec4(4 * texel) + uvec4(0u, 1u, 2u, 3u);
    uvec4 second = uvec4(greaterThanEqual(all, uvec4(elements)));
    uvec4 seed = uvec4(call.seed_low) * (1u - second) + uvec4(call.seed_high) * second;
    return vec4(hash(hash(all - second * elements) ^ seed) % 129u) - 64.0;
}

// Four elements from i on, of any rows.
vec4 apart(int i, vec4 sums) {
    ivec4 all = ivec4(i) + ivec4(0, 1, 2, 3);
    ivec4 rows = min(all / call.n, ivec4(call.n - 1)) * call.n;
    ivec4 columns = all % call.n + call.n * call.n;
    for (int p = call.begin; p < call.end; p++) {
        ivec4 left = rows + p;
        ivec4 right = columns + p * call.n;
        sums += vec4(at(factors, left.x), at(factors, left.y), at(factors, left.z), at(factors, left.w))
            * vec4(at(factors, right.x), at(factors, right.y), at(factors, right.z), at(factors, right.w));
    }
    return sums;
}

vec4 value(int texel) {
    vec4 sums = call.begin > 0 ? four(c, texel) : vec4(0.0);
    if ((call.n & 3) != 0) {
        return apart(4 * texel, sums);
    }
    int stride = call.n / 4;
    int left = texel / stride * stride;
    int right = call.n * stride + texel % stride;
    for (int p = call.begin; p < call.end; p += 4) {
        vec4 some = four(factors, left + (p >> 2));
        int row = right + p * stride;
        sums += some.x * four(factors, row) + some.y * four(factors, row + stride)
            + some.z * four(factors, row + 2 * stride) + some.w * four(factors, row + 3 * stride);
    }
    return sums;
}
