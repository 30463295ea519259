// y[*, m, e] = softmax(q[*, m, d] · k[*, n, d]ᵀ · scale) · v[*, n, e] in one pass over the keys: of each query `scratch` has the
// largest score so far and the sum of the weights; a row of y is the sum of the values weighted so far, which is scaled
// down whenever a larger score comes. `causal`: query i of m sees the keys up to i + n - m. A query that sees no key has zeros.

// A workgroup has a query, and makes its scores of LANES keys at a time.
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

// Where rows are whole fours: an invocation has four queries, of which it makes the scores of eight keys at a time in
// registers. Queries beyond the last are the last once more.
@compute @workgroup_size(GROUP)
fn fours(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let down = (call.m + 4u * GROUP - 1u) / (4u * GROUP);
    let batch = (call.first + group.x) / down;
    let query = ((call.first + group.x) % down * GROUP + local) * 4u;
    if (query >= call.m) {
        return;
    }
    let rows = vec4<u32>(batch * call.m) + min(vec4<u32>(query) + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(call.m - 1u));
    let from_key = batch * call.n;
    let seen = min(seen_by(query), call.end);
    over_keys(rows, from_key, seen);
    let last = min(3u, call.m - 1u - query);
    for (var r = 0u; r <= last; r++) {
        let end = min(seen_by(query + r), call.end);
        for (var key = max(seen, call.begin); key < end; key++) {
            over_key(rows.x + r, from_key + key);
        }
        if (call.end == call.n && end > 0u) {
            divide(rows.x + r);
        }
    }
}

// The keys that all of the four queries see.
fn over_keys(rows: vec4<u32>, from_key: u32, seen: u32) {
    let wide = call.d / 4u;
    let left = rows * wide;
    let state = 2u * rows;
    var most = vec4<f32>(LOWEST);
    var sums = vec4<f32>();
    if (call.begin > 0u) {
        most = vec4<f32>(scratch[state.x], scratch[state.y], scratch[state.z], scratch[state.w]);
        sums = vec4<f32>(scratch[state.x + 1u], scratch[state.y + 1u], scratch[state.z + 1u], scratch[state.w + 1u]);
    }
    for (var key = call.begin; key < seen; key += 8u) {
        let numbers = vec4<u32>(key) + vec4<u32>(0u, 1u, 2u, 3u);
        let near = vec4<u32>(from_key) + min(numbers, vec4<u32>(seen - 1u));
        let far = vec4<u32>(from_key) + min(numbers + 4u, vec4<u32>(seen - 1u));
        var near0 = vec4<f32>();
        var near1 = vec4<f32>();
        var near2 = vec4<f32>();
        var near3 = vec4<f32>();
        var far0 = vec4<f32>();
        var far1 = vec4<f32>();
        var far2 = vec4<f32>();
        var far3 = vec4<f32>();
        for (var i = 0u; i < wide; i++) {
            let four0 = q_fours[left.x + i];
            let four1 = q_fours[left.y + i];
            let four2 = q_fours[left.z + i];
            let four3 = q_fours[left.w + i];
            let near_keys = keys_at(near * wide + i);
            near0 += four0 * near_keys;
            near1 += four1 * near_keys;
            near2 += four2 * near_keys;
            near3 += four3 * near_keys;
            let far_keys = keys_at(far * wide + i);
            far0 += four0 * far_keys;
            far1 += four1 * far_keys;
            far2 += four2 * far_keys;
            far3 += four3 * far_keys;
        }
        let is_near = numbers < vec4<u32>(seen);
        let is_far = numbers + 4u < vec4<u32>(seen);
        let first = weigh(near0, far0, is_near, is_far, most.x);
        let second = weigh(near1, far1, is_near, is_far, most.y);
        let third = weigh(near2, far2, is_near, is_far, most.z);
        let fourth = weigh(near3, far3, is_near, is_far, most.w);
        let less = vec4<f32>(first.less, second.less, third.less, fourth.less);
        most = vec4<f32>(first.most, second.most, third.most, fourth.most);
        sums = sums * less + vec4<f32>(first.sum, second.sum, third.sum, fourth.sum);
        let high = call.e / 4u;
        for (var j = 0u; j < high; j++) {
            let near_values = values_at(near * high + j);
            let far_values = values_at(far * high + j);
            let sum0 = near_values * first.near + far_values * first.far;
            let sum1 = near_values * second.near + far_values * second.far;
            let sum2 = near_values * third.near + far_values * third.far;
            let sum3 = near_values * fourth.near + far_values * fourth.far;
            y_fours[rows.x * high + j] = y_fours[rows.x * high + j] * first.less + sum0;
            if (rows.y > rows.x) {
                y_fours[rows.y * high + j] = y_fours[rows.y * high + j] * second.less + sum1;
            }
            if (rows.z > rows.y) {
                y_fours[rows.z * high + j] = y_fours[rows.z * high + j] * third.less + sum2;
            }
            if (rows.w > rows.z) {
                y_fours[rows.w * high + j] = y_fours[rows.w * high + j] * fourth.less + sum3;
            }
        }
    }
    for (var r = 0u; r < 4u; r++) {
        scratch[state[r]] = most[r];
        scratch[state[r] + 1u] = sums[r];
    }
}

struct Weighed { near: vec4<f32>, far: vec4<f32>, sum: f32, most: f32, less: f32 }

// The weights of a query's scores, by the largest before.
fn weigh(near: vec4<f32>, far: vec4<f32>, is_near: vec4<bool>, is_far: vec4<bool>, before: f32) -> Weighed {
    let near_scores = select(vec4<f32>(LOWEST), near * factor(), is_near);
    let far_scores = select(vec4<f32>(LOWEST), far * factor(), is_far);
    let larger = max(near_scores, far_scores);
    let most = max(before, max(max(larger.x, larger.y), max(larger.z, larger.w)));
    let near_weights = select(vec4<f32>(), exp(near_scores - most), is_near);
    let far_weights = select(vec4<f32>(), exp(far_scores - most), is_far);
    return Weighed(near_weights, far_weights, dot(near_weights + far_weights, vec4<f32>(1.0)), most, exp(before - most));
}

fn keys_at(at: vec4<u32>) -> mat4x4<f32> {
    return mat4x4<f32>(k_fours[at.x], k_fours[at.y], k_fours[at.z], k_fours[at.w]);
}

fn values_at(at: vec4<u32>) -> mat4x4<f32> {
    return mat4x4<f32>(v_fours[at.x], v_fours[at.y], v_fours[at.z], v_fours[at.w]);
}

// One query and one key.
fn over_key(row: u32, key: u32) {
    let wide = call.d / 4u;
    var four = vec4<f32>();
    for (var i = 0u; i < wide; i++) {
        four += q_fours[row * wide + i] * k_fours[key * wide + i];
    }
    let score = dot(four, vec4<f32>(1.0)) * factor();
    let before = scratch[2u * row];
    let most = max(before, score);
    let less = exp(before - most);
    let weight = exp(score - most);
    scratch[2u * row] = most;
    scratch[2u * row + 1u] = scratch[2u * row + 1u] * less + weight;
    let high = call.e / 4u;
    for (var j = 0u; j < high; j++) {
        y_fours[row * high + j] = y_fours[row * high + j] * less + v_fours[key * high + j] * weight;
    }
}

fn divide(row: u32) {
    let high = call.e / 4u;
    for (var j = 0u; j < high; j++) {
        y_fours[row * high + j] /= scratch[2u * row + 1u];
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
