/**
 * Shows what pagefind finds for the words in the address (?q=) and in the field. Results are built as nodes, so that
 * nothing that was indexed is taken for HTML.
 */
const MOST = 20;

const state = /** @type {HTMLElement} */ (document.getElementById('search-state'));
const results = /** @type {HTMLElement} */ (document.getElementById('search-results'));
const field = /** @type {HTMLInputElement} */ (document.querySelector('input[name=q]'));

function element(name, content, attributes = {}) {
    const made = Object.assign(document.createElement(name), attributes);
    made.append(...[content].flat());
    return made;
}

/** pagefind marks the words found by <mark>; everything else of an excerpt is text. */
function excerptNodes(html) {
    const { body } = new DOMParser().parseFromString(html, 'text/html');
    return [...body.childNodes].map(({ nodeName, textContent }) =>
        (nodeName === 'MARK' ? element('mark', textContent) : textContent));
}

/** A page, and those of its sections that have the words. */
function itemOf({ url, meta, excerpt, sub_results: parts }) {
    const sections = parts.filter((part) => part.url !== url).slice(0, 3).map((part) => element('li',
        [element('a', part.title, { href: part.url }), element('p', excerptNodes(part.excerpt))]));
    return element('li', [element('a', meta.title, { href: url }), element('p', excerptNodes(excerpt)),
        ...(sections.length ? [element('ul', sections)] : [])]);
}

async function showResults(pagefind, words) {
    const found = words ? await pagefind.debouncedSearch(words, {}, 150) : { results: [] };
    if (!found) return; // more has been typed
    const items = await Promise.all(found.results.slice(0, MOST).map(async (one) => itemOf(await one.data())));
    if (field.value.trim() !== words) return;
    results.replaceChildren(...items);
    state.textContent = words ? countOf(found.results.length, words) : 'Type words to search for.';
    history.replaceState(null, '', words ? `?q=${encodeURIComponent(words)}` : location.pathname);
}

function countOf(count, words) {
    const shown = count > MOST ? `; the first ${MOST} are shown` : '';
    return `${count} ${count === 1 ? 'page has' : 'pages have'} “${words}”${shown}.`;
}

async function startSearch() {
    const pagefind = await import('./pagefind/pagefind.js');
    await pagefind.options({ excerptLength: 30, baseUrl: new URL('.', import.meta.url).pathname });
    await pagefind.init();
    const show = () => showResults(pagefind, field.value.trim()).catch(tellFailure);
    field.addEventListener('input', show);
    field.form?.addEventListener('submit', (event) => { event.preventDefault(); show(); });
    field.focus();
    await show();
}

function tellFailure(error) {
    state.textContent = `The search does not work: ${error.message ?? error}`;
}

field.value = new URLSearchParams(location.search).get('q') ?? '';
startSearch().catch(tellFailure);
