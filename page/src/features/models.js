/** y = x · w in fewer bits, as tests/lib/onnx.mjs writes it. */

export const INPUTS = 32, OUTPUTS = 8;

/** The matrix: whole numbers from −7 to 7. @param {number} k row @param {number} n column */
export const weight = (k, n) => (k * 7 + n * 3) % 15 - 7;

/** By their form: the operator that computes, and the graph in base64. */
export const MODELS = Object.freeze({
    /** Models of 8 bits on wasm and webnn. */
    integers: { operator: 'MatMulInteger', bytes: ''
        + 'CAg6tAMKIwoBeBIBcRIBcxIBeiIVRHluYW1pY1F1YW50aXplTGluZWFyCh4KAXEKAXcKAXoKAXYSAWkiDU1hdE11bEludGVnZXIK'
        + 'FwoBaRIBZiIEQ2FzdCoJCgJ0bxgBoAECCg4KAWYKAXMSAXkiA011bBIBZyqMAgggCAgQA0IBd0qAAvn8/wIF+fz/AAMG+v0AAwYH'
        + '+/4BBAf7/v8CBfn8/wIFBvr9AAMG+v3+AQQH+/4BBAX5/P8CBfn8/QADBvr9AAMEB/v+AQQH+/z/AgX5/P8CAwb6/QADBvr7/gEE'
        + 'B/v+AQIF+fz/AgX5+v0AAwb6/QABBAf7/gEEB/n8/wIF+fz/AAMG+v0AAwYH+/4BBAf7/v8CBfn8/wIFBvr9AAMG+v3+AQQH+/4B'
        + 'BAX5/P8CBfn8/QADBvr9AAMEB/v+AQQH+/z/AgX5/P8CAwb6/QADBvr7/gEEB/v+AQIF+fz/AgX5+v0AAwb6/QABBAf7/gEEB/n8'
        + '/wIF+fz/AAMG+v0AAwYqCBADQgF2SgEAWhMKAXgSDgoMCAESCAoCCAEKAgggYhMKAXkSDgoMCAESCAoCCAEKAggIQgQKABAR' },
    /** Those of 8 bits on webgpu. */
    blocks8: { operator: 'MatMulNBits', bytes: ''
        + 'CAg6yQMKXAoBeAoBdwoBcxIBeSILTWF0TXVsTkJpdHMqCAoBSxggoAECKggKAU4YCKABAioLCgRiaXRzGAigAQIqEQoKYmxvY2tf'
        + 'c2l6ZRggoAECOg1jb20ubWljcm9zb2Z0EgFnKo4CCAgIAQggEAJCAXdKgAJ5gId/hn6FfYR8g3uCeoF5gId/hn6FfYR8g3uCeoF5'
        + 'gHyDe4J6gXmAh3+GfoV9hHyDe4J6gXmAh3+GfoV9hHyDf4Z+hX2EfIN7gnqBeYCHf4Z+hX2EfIN7gnqBeYCHf4aCeoF5gId/hn6F'
        + 'fYR8g3uCeoF5gId/hn6FfYR8g3uCeoV9hHyDe4J6gXmAh3+GfoV9hHyDe4J6gXmAh3+GfoV9eYCHf4Z+hX2EfIN7gnqBeYCHf4Z+'
        + 'hX2EfIN7gnqBeYB8g3uCeoF5gId/hn6FfYR8g3uCeoF5gId/hn6FfYR8g3+GfoV9hHyDe4J6gXmAh3+GfoV9hHyDe4J6gXmAh3+G'
        + 'KisICAgBEAFCAXNKIAAAgD8AAIA/AACAPwAAgD8AAIA/AACAPwAAgD8AAIA/WhMKAXgSDgoMCAESCAoCCAEKAgggYhMKAXkSDgoM'
        + 'CAESCAoCCAEKAggIQgQKABARQhEKDWNvbS5taWNyb3NvZnQQAQ==' },
    /** Those of 4 bits. */
    blocks4: { operator: 'MatMulNBits', bytes: ''
        + 'CAg6yQIKXAoBeAoBdwoBcxIBeSILTWF0TXVsTkJpdHMqCAoBSxggoAECKggKAU4YCKABAioLCgRiaXRzGASgAQIqEQoKYmxvY2tf'
        + 'c2l6ZRggoAECOg1jb20ubWljcm9zb2Z0EgFnKo4BCAgIAQgQEAJCAXdKgAGBf25dTDsqGfjn1sW0o5KBtKOSgX9uXUw7Khn459bF'
        + 'tOfWxbSjkoF/bl1MOyoZ+OcqGfjn1sW0o5KBf25dTDsqXUw7Khn459bFtKOSgX9uXYF/bl1MOyoZ+OfWxbSjkoG0o5KBf25dTDsq'
        + 'Gfjn1sW059bFtKOSgX9uXUw7Khn45yorCAgIARABQgFzSiAAAIA/AACAPwAAgD8AAIA/AACAPwAAgD8AAIA/AACAP1oTCgF4Eg4K'
        + 'DAgBEggKAggBCgIIIGITCgF5Eg4KDAgBEggKAggBCgIICEIECgAQEUIRCg1jb20ubWljcm9zb2Z0EAE=' },
});
