// updated[u, d] = weights[u, d] + rate · Σ influence[n, u] · (data[n, d] - weights[u, d]) over the n points: one step of
// a batch of a self-organising map, each point as it finds the weights at first.

float one(int i) {
    float old = at(weights, i);
    float sum = 0.0;
    for (int j = call.begin; j < call.end; j++) {
        sum += at(influence, j * call.u + i / call.d) * (at(data, j * call.d + i % call.d) - old);
    }
    return (call.begin > 0 ? at(updated, i) : old) + call.rate * sum;
}

vec4 value(int texel) {
    return FOUR_OF(one, texel);
}
