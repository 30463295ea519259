// distances[n, u] = |data[n, d] - weights[u, d]|², of each point of data from each unit of a self-organising map.

float one(int i) {
    vec4 sums = vec4(call.begin > 0 ? at(distances, i) : 0.0, 0.0, 0.0, 0.0);
    int left = i / call.u * call.d;
    int right = i % call.u * call.d;
    int j = call.begin;
    for (; j + 4 <= call.end; j += 4) {
        vec4 apart = from(data, left + j) - from(weights, right + j);
        sums += apart * apart;
    }
    for (; j < call.end; j++) {
        float apart = at(data, left + j) - at(weights, right + j);
        sums.x += apart * apart;
    }
    return sum_of(sums);
}

vec4 value(int texel) {
    return FOUR_OF(one, texel);
}
