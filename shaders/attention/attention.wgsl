// y[*, m, e] = softmax(q[*, m, d] · k[*, n, d]ᵀ · scale) · v[*, n, e], a workgroup for each query, in one pass over the
// keys: 64 scores at a time. Of each query `scratch` has the largest score so far and the sum of the weights; a row of y
// is the sum of the values weighted so far, which is scaled down whenever a larger score comes. `causal`: query i of m
// sees the keys up to i + n - m. A query that sees no key has zeros.

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let row = call.first + group.x;
    let from_key = row / call.m * call.n;
    let seen = seen_by(row % call.m);
    let limit = min(seen, call.end);
    var most = select(LOWEST, scratch[2u * row], call.begin > 0u);
    var sum = scratch[2u * row + 1u];
    for (var tile = call.begin; tile < call.end; tile += LANES) {
        let key = tile + local;
        var score = LOWEST;
        if (key < limit) {
            score = product(row * call.d, (from_key + key) * call.d) * factor();
        }
        let top = max(most, largest(local, score));
        let less = exp(most - top);
        sum = sum * less + total(local, select(0.0, exp(score - top), key < limit));
        most = top;
        let count = min(LANES, max(limit, tile) - tile);
        for (var j = local; j < call.e; j += LANES) {
            var one = y[row * call.e + j] * less;
            for (var i = 0u; i < count; i++) {
                one += shares[i] * v[(from_key + tile + i) * call.e + j];
            }
            y[row * call.e + j] = one;
        }
    }
    if (call.end == call.n && seen > 0u) {
        for (var j = local; j < call.e; j += LANES) {
            y[row * call.e + j] /= sum;
        }
    }
    workgroupBarrier();
    if (local == 0u) {
        scratch[2u * row] = most;
        scratch[2u * row + 1u] = sum;
    }
}

fn seen_by(query: u32) -> u32 {
    if (call.causal == 0.0) {
        return call.n;
    }
    return u32(max(0, i32(query) + 1 + i32(call.n) - i32(call.m)));
}

fn factor() -> f32 {
    if (call.scale > 0.0) {
        return call.scale;
    }
    return 1.0 / sqrt(f32(max(call.d, 1u)));
}

fn product(left: u32, right: u32) -> f32 {
    var four = vec4<f32>();
    var i = 0u;
    for (; i + 4u <= call.d; i += 4u) {
        four += vec4<f32>(q[left + i], q[left + i + 1u], q[left + i + 2u], q[left + i + 3u])
            * vec4<f32>(k[right + i], k[right + i + 1u], k[right + i + 2u], k[right + i + 3u]);
    }
    var sum = four.x + four.y + four.z + four.w;
    for (; i < call.d; i++) {
        sum += q[left + i] * k[right + i];
    }
    return sum;
}
