/** What an error of the daemon's API has to say. */
import assert from 'node:assert/strict';

/** Asserts a problem document: status, code and, where given, field and words of the rest. */
export function assertProblem(answer, status, code, { field, expected, allowed, detail } = {}) {
    assert.equal(answer.status, status, answer.text);
    assert.match(answer.headers['content-type'] ?? '', /^application\/problem\+json/);
    const problem = answer.json;
    assert.equal(problem.code, code, answer.text);
    assert.equal(problem.status, status);
    for (const name of ['type', 'title', 'detail'])
        assert.ok(problem[name]?.length > 3, `no ${name}: ${answer.text}`);
    assert.ok(problem.request_id);
    assert.equal(problem.request_id, answer.headers['x-request-id']);
    if (field) assert.equal(problem.field, field, answer.text);
    if (expected) assert.match(problem.expected ?? '', expected, answer.text);
    if (allowed) assert.match(problem.allowed ?? '', allowed, answer.text);
    if (detail) assert.match(problem.detail, detail, answer.text);
}
