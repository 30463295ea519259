// The mean of some tokens' vectors, for each text of a tensor of [texts, tokens, width]: from the first of `spans` to before the second.
// gpu_pooling.js puts LANES before it, the invocations of a workgroup.

struct Call {
    texts: u32,
    tokens: u32,
    width: u32,
    halves: u32, // 1: numbers of 16 bits
}

@group(0) @binding(0) var<storage, read> vectors: array<u32>;
@group(0) @binding(1) var<storage, read> spans: array<vec2<u32>>;
@group(0) @binding(2) var<uniform> call: Call;
@group(0) @binding(3) var<storage, read_write> means: array<f32>;

// Tokens that are added up by themselves, so that a long sum loses nothing of small numbers.
const PART = 32u;

fn number_at(place: u32) -> f32 {
    if (call.halves == 0u) {
        return bitcast<f32>(vectors[place]);
    }
    return unpack2x16float(vectors[place / 2u])[place % 2u];
}

@compute @workgroup_size(LANES)
fn pool(@builtin(global_invocation_id) at: vec3<u32>) {
    let column = at.x;
    let text = at.y;
    if (column >= call.width) {
        return;
    }
    let span = spans[text];
    var sum = 0.0;
    for (var begin = span.x; begin < span.y; begin += PART) {
        var part = 0.0;
        for (var token = begin; token < min(begin + PART, span.y); token++) {
            part += number_at((text * call.tokens + token) * call.width + column);
        }
        sum += part;
    }
    means[text * call.width + column] = sum / f32(max(span.y - span.x, 1u));
}
