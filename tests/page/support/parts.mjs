/** What came of the tasks that a page was given: whole answers, and streams by their parts. */
import assert from 'node:assert/strict';

/** What the answer to a task that went well says. */
export const wellDone = ({ data }) => {
    assert.equal(data.ok, true, JSON.stringify(data.error));
    return data;
};

/** What came of a stream, by the service that it came to. */
export const partsOf = (service, attempt) => (service.parts.get(attempt) ?? []).map(({ data }) => data);
export const textOf = (service, attempt) => partsOf(service, attempt).map(({ text = '' }) => text).join('');
export const tokensOf = (service, attempt) => partsOf(service, attempt).flatMap(({ tokens = [] }) => tokens);
