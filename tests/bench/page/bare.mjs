/** Gives a bare page window.ask(verb, argument), which its one worker with the engine answers (models.mjs). @param {Worker} worker */
export function askThrough(worker) {
    const waiting = new Map();
    let last = 0;
    worker.onmessage = ({ data: { id, value, error } }) => {
        const { resolve, reject } = waiting.get(id);
        waiting.delete(id);
        if (error) reject(new Error(error));
        else resolve(value);
    };
    window.ask = (verb, argument) => new Promise((resolve, reject) => {
        waiting.set(++last, { resolve, reject });
        worker.postMessage({ id: last, verb, argument });
    });
    document.title = 'ready';
}
