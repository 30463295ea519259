// What several kernels use. The page puts it, and what the table of kernels says of the tensors, before each
// kernel: `call` has the sizes by their names, a shape's leading "*" as `lead`, then the options, of which a text of 64
// bits has two halves, NAME_low and NAME_high; and of one dispatch `first`, the number of its first workgroup in all, and the part from `begin` to `end` of the dimension
// that it goes over. The output and `scratch` are 0 before the first dispatch. Before that are the constants of the variant
// that is compiled: a workgroup has GROUP_X × GROUP_Y = GROUP invocations, or LANES where these have something for each other.

const LOWEST = -3.4028234e38;

fn item(group: u32, local: u32, threads: u32) -> u32 {
    return (call.first + group) * threads + local;
}

// By its bits: compilers may take it that no number is NaN.
fn is_nan(x: f32) -> bool {
    return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

// A constant may not be infinite; a variable may.
fn infinity() -> f32 {
    var bits = 0x7f800000u;
    return bitcast<f32>(bits);
}

// The error function by Abramowitz and Stegun, 7.1.26: within 1.5e-7.
fn erf_of(x: f32) -> f32 {
    let size = abs(x);
    let t = 1.0 / (1.0 + 0.3275911 * size);
    let sum = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
    let value = 1.0 - sum * exp(-size * size);
    return select(value, -value, x < 0.0);
}

// One number of each of a workgroup's invocations, of which there are LANES. All of them call these.
var<workgroup> shares: array<f32, LANES>;

fn share_out(local: u32, share: f32) {
    workgroupBarrier();
    shares[local] = share;
    workgroupBarrier();
}
