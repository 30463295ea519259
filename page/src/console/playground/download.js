/** Gives a person a file that was made here. @param {string} name @param {string} text @param {string} type */
export function download(name, text, type) {
    const link = document.createElement('a'), url = URL.createObjectURL(new Blob([text], { type }));
    link.href = url;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
