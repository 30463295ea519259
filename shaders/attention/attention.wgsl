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

// An invocation has four queries, of which it makes the scores of eight keys at a time in registers.
@compute @workgroup_size(GROUP)
fn registers(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let all = queries_of(call.first + group.x, local);
    if (all.count == 0u) {
        return;
    }
    var state = begin(all.rows);
    for (var key = call.begin; key < all.seen; key += 8u) {
        let keys = keys_of(all, key);
        let scores = scores_of(all.rows, keys);
        add_values(all.rows, keys, weigh_all(scores, keys, &state));
    }
    keep(all.rows, state);
    for (var r = 0u; r < all.count; r++) {
        let row = all.rows.x + r;
        let end = min(seen_by(all.query + r), call.end);
        for (var key = max(all.seen, call.begin); key < end; key++) {
            let at = all.from_key + key;
            let changed = weigh_one(row, product(row * call.d, at * call.d));
            for (var j = 0u; j < call.e; j++) {
                y[row * call.e + j] = y[row * call.e + j] * changed.less + v[at * call.e + j] * changed.weight;
            }
        }
        if (call.end == call.n && end > 0u) {
            for (var j = 0u; j < call.e; j++) {
                y[row * call.e + j] /= scratch[2u * row + 1u];
            }
        }
    }
}

// The same where rows are whole fours.
@compute @workgroup_size(GROUP)
fn fours(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let all = queries_of(call.first + group.x, local);
    if (all.count == 0u) {
        return;
    }
    var state = begin(all.rows);
    for (var key = call.begin; key < all.seen; key += 8u) {
        let keys = keys_of(all, key);
        let scores = scores_of_fours(all.rows, keys);
        add_fours(all.rows, keys, weigh_all(scores, keys, &state));
    }
    keep(all.rows, state);
    let high = call.e / 4u;
    for (var r = 0u; r < all.count; r++) {
        let row = all.rows.x + r;
        let end = min(seen_by(all.query + r), call.end);
        for (var key = max(all.seen, call.begin); key < end; key++) {
            let at = all.from_key + key;
            let changed = weigh_one(row, product_of_fours(row, at));
            for (var j = 0u; j < high; j++) {
                y_fours[row * high + j] = y_fours[row * high + j] * changed.less + v_fours[at * high + j] * changed.weight;
            }
        }
        if (call.end == call.n && end > 0u) {
            for (var j = 0u; j < high; j++) {
                y_fours[row * high + j] /= scratch[2u * row + 1u];
            }
        }
    }
}

// Of one invocation: the first query in its batch, its number in all, and those behind it; those beyond the last are the last
// once more. `seen`: keys that all of them see.
struct Queries { query: u32, count: u32, rows: vec4<u32>, from_key: u32, seen: u32 }

fn queries_of(number: u32, local: u32) -> Queries {
    let down = (call.m + 4u * GROUP - 1u) / (4u * GROUP);
    let batch = number / down;
    let query = (number % down * GROUP + local) * 4u;
    let count = min(4u, max(call.m, query) - query);
    let rows = vec4<u32>(batch * call.m) + min(vec4<u32>(query) + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(call.m - 1u));
    return Queries(query, count, rows, batch * call.n, min(seen_by(query), call.end));
}

// Of the four queries the largest score so far, and the sum of the weights.
struct State { most: vec4<f32>, sums: vec4<f32> }

fn begin(rows: vec4<u32>) -> State {
    if (call.begin == 0u) {
        return State(vec4<f32>(LOWEST), vec4<f32>());
    }
    let at = 2u * rows;
    return State(vec4<f32>(scratch[at.x], scratch[at.y], scratch[at.z], scratch[at.w]),
        vec4<f32>(scratch[at.x + 1u], scratch[at.y + 1u], scratch[at.z + 1u], scratch[at.w + 1u]));
}

fn keep(rows: vec4<u32>, state: State) {
    for (var r = 0u; r < 4u; r++) {
        scratch[2u * rows[r]] = state.most[r];
        scratch[2u * rows[r] + 1u] = state.sums[r];
    }
}

// Eight keys, their numbers in all. Those beyond the last that all queries see are that one once more, and count for nothing.
struct Keys { near: vec4<u32>, far: vec4<u32>, is_near: vec4<bool>, is_far: vec4<bool> }

fn keys_of(all: Queries, key: u32) -> Keys {
    let numbers = vec4<u32>(key) + vec4<u32>(0u, 1u, 2u, 3u);
    let last = vec4<u32>(all.seen - 1u);
    return Keys(vec4<u32>(all.from_key) + min(numbers, last), vec4<u32>(all.from_key) + min(numbers + 4u, last),
        numbers <= last, numbers + 4u <= last);
}

// Four queries by four near and four far keys: scores, or weights. A column for each query.
struct Shares { near: mat4x4<f32>, far: mat4x4<f32> }

fn scores_of(rows: vec4<u32>, keys: Keys) -> Shares {
    let left = rows * call.d;
    let near = keys.near * call.d;
    let far = keys.far * call.d;
    var scores = Shares();
    for (var i = 0u; i < call.d; i++) {
        let near_keys = vec4<f32>(k[near.x + i], k[near.y + i], k[near.z + i], k[near.w + i]);
        let far_keys = vec4<f32>(k[far.x + i], k[far.y + i], k[far.z + i], k[far.w + i]);
        let one0 = q[left.x + i];
        let one1 = q[left.y + i];
        let one2 = q[left.z + i];
        let one3 = q[left.w + i];
        scores.near[0] += one0 * near_keys;
        scores.near[1] += one1 * near_keys;
        scores.near[2] += one2 * near_keys;
        scores.near[3] += one3 * near_keys;
        scores.far[0] += one0 * far_keys;
        scores.far[1] += one1 * far_keys;
        scores.far[2] += one2 * far_keys;
        scores.far[3] += one3 * far_keys;
    }
    return scores;
}

fn scores_of_fours(rows: vec4<u32>, keys: Keys) -> Shares {
    let wide = call.d / 4u;
    let left = rows * wide;
    var scores = Shares();
    for (var i = 0u; i < wide; i++) {
        let four0 = q_fours[left.x + i];
        let four1 = q_fours[left.y + i];
        let four2 = q_fours[left.z + i];
        let four3 = q_fours[left.w + i];
        let near_keys = keys_at(keys.near * wide + i);
        scores.near[0] += four0 * near_keys;
        scores.near[1] += four1 * near_keys;
        scores.near[2] += four2 * near_keys;
        scores.near[3] += four3 * near_keys;
        let far_keys = keys_at(keys.far * wide + i);
        scores.far[0] += four0 * far_keys;
        scores.far[1] += four1 * far_keys;
        scores.far[2] += four2 * far_keys;
        scores.far[3] += four3 * far_keys;
    }
    return scores;
}

// `less`: by which each query's sums so far are scaled down.
struct Weights { shares: Shares, less: vec4<f32> }

fn weigh_all(scores: Shares, keys: Keys, state: ptr<function, State>) -> Weights {
    let before = *state;
    let first = weigh(scores.near[0], scores.far[0], keys, before.most.x);
    let second = weigh(scores.near[1], scores.far[1], keys, before.most.y);
    let third = weigh(scores.near[2], scores.far[2], keys, before.most.z);
    let fourth = weigh(scores.near[3], scores.far[3], keys, before.most.w);
    let less = vec4<f32>(first.less, second.less, third.less, fourth.less);
    *state = State(vec4<f32>(first.most, second.most, third.most, fourth.most),
        before.sums * less + vec4<f32>(first.sum, second.sum, third.sum, fourth.sum));
    return Weights(Shares(mat4x4<f32>(first.near, second.near, third.near, fourth.near),
        mat4x4<f32>(first.far, second.far, third.far, fourth.far)), less);
}

struct Weighed { near: vec4<f32>, far: vec4<f32>, sum: f32, most: f32, less: f32 }

// The weights of a query's scores, by the largest before.
fn weigh(near: vec4<f32>, far: vec4<f32>, keys: Keys, before: f32) -> Weighed {
    let near_scores = select(vec4<f32>(LOWEST), near * factor(), keys.is_near);
    let far_scores = select(vec4<f32>(LOWEST), far * factor(), keys.is_far);
    let larger = max(near_scores, far_scores);
    let most = max(before, max(max(larger.x, larger.y), max(larger.z, larger.w)));
    let near_weights = select(vec4<f32>(), exp(near_scores - most), keys.is_near);
    let far_weights = select(vec4<f32>(), exp(far_scores - most), keys.is_far);
    return Weighed(near_weights, far_weights, dot(near_weights + far_weights, vec4<f32>(1.0)), most, exp(before - most));
}

fn add_values(rows: vec4<u32>, keys: Keys, weights: Weights) {
    let to = rows * call.e;
    let near = keys.near * call.e;
    let far = keys.far * call.e;
    for (var j = 0u; j < call.e; j++) {
        let near_values = vec4<f32>(v[near.x + j], v[near.y + j], v[near.z + j], v[near.w + j]);
        let far_values = vec4<f32>(v[far.x + j], v[far.y + j], v[far.z + j], v[far.w + j]);
        let sums = near_values * weights.shares.near + far_values * weights.shares.far;
        y[to.x + j] = y[to.x + j] * weights.less.x + sums.x;
        if (to.y > to.x) {
            y[to.y + j] = y[to.y + j] * weights.less.y + sums.y;
        }
        if (to.z > to.y) {
            y[to.z + j] = y[to.z + j] * weights.less.z + sums.z;
        }
        if (to.w > to.z) {
            y[to.w + j] = y[to.w + j] * weights.less.w + sums.w;
        }
    }
}

fn add_fours(rows: vec4<u32>, keys: Keys, weights: Weights) {
    let high = call.e / 4u;
    let to = rows * high;
    let near = weights.shares.near;
    let far = weights.shares.far;
    for (var j = 0u; j < high; j++) {
        let near_values = values_at(keys.near * high + j);
        let far_values = values_at(keys.far * high + j);
        let sum0 = near_values * near[0] + far_values * far[0];
        let sum1 = near_values * near[1] + far_values * far[1];
        let sum2 = near_values * near[2] + far_values * far[2];
        let sum3 = near_values * near[3] + far_values * far[3];
        y_fours[to.x + j] = y_fours[to.x + j] * weights.less.x + sum0;
        if (to.y > to.x) {
            y_fours[to.y + j] = y_fours[to.y + j] * weights.less.y + sum1;
        }
        if (to.z > to.y) {
            y_fours[to.z + j] = y_fours[to.z + j] * weights.less.z + sum2;
        }
        if (to.w > to.z) {
            y_fours[to.w + j] = y_fours[to.w + j] * weights.less.w + sum3;
        }
    }
}

fn keys_at(at: vec4<u32>) -> mat4x4<f32> {
    return mat4x4<f32>(k_fours[at.x], k_fours[at.y], k_fours[at.z], k_fours[at.w]);
}

fn values_at(at: vec4<u32>) -> mat4x4<f32> {
    return mat4x4<f32>(v_fours[at.x], v_fours[at.y], v_fours[at.z], v_fours[at.w]);
}

// The weight of one key, and by which the query's sums so far are scaled down.
struct Changed { weight: f32, less: f32 }

fn weigh_one(row: u32, product: f32) -> Changed {
    let score = product * factor();
    let before = scratch[2u * row];
    let most = max(before, score);
    let changed = Changed(exp(score - most), exp(before - most));
    scratch[2u * row] = most;
    scratch[2u * row + 1u] = scratch[2u * row + 1u] * changed.less + changed.weight;
    return changed;
}

fn product_of_fours(row: u32, key: u32) -> f32 {
    let wide = call.d / 4u;
    var four = vec4<f32>();
    for (var i = 0u; i < wide; i++) {
        four += q_fours[row * wide + i] * k_fours[key * wide + i];
    }
    return dot(four, vec4<f32>(1.0));
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
