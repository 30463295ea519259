/**
 * The side bar: tasks of a reader, and the documents for each. A document of docs/ or of the top folder that has no
 * row here fails the build; a row that ends in a slash is all documents of that folder. All manuals are under
 * "Reference"; those that a task needs first are named there as well.
 */
export const SECTIONS = [
    {
        title: 'Start',
        rows: [['README.md', 'Overview'], ['docs/guide.md#start', 'First steps'], ['docs/webinfer-or.md']],
    },
    { title: 'Tutorials', rows: [['docs/tutorials/']] },
    { title: 'Use', rows: [['docs/guide.md'], ['docs/families.md'], ['man/webinfer.1', 'The client']] },
    {
        title: 'Operate',
        rows: [['docs/operating.md'], ['docs/container.md'], ['man/webinferd.8', 'The daemon'], ['man/webinferd.conf.5', 'The configuration']],
    },
    {
        title: 'Understand',
        rows: [['docs/architecture.md'], ['docs/threat-model.md'], ['docs/performance.md'], ['docs/gpu.md']],
    },
    { title: 'Reference', rows: [['man/']] },
    { title: 'Contribute', rows: [['CONTRIBUTING.md'], ['SECURITY.md'], ['CHANGELOG.md']] },
];

/** The documents that have to be there, by the folder that they are in. */
export const DOCUMENTS = {
    '.': ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'],
    docs: /\.md$/,
    'docs/tutorials': /\.md$/,
};
