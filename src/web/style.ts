/** The whole look of the page: the reader's own font and colours, light or dark. */
export const style = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 20%, transparent); }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2 { line-height: 1.2; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: start; vertical-align: top; padding: .35rem 1rem .35rem 0; border-bottom: 1px solid var(--line); }
code { font-size: .9em; overflow-wrap: anywhere; }
details { border-bottom: 1px solid var(--line); padding: .5rem 0; }
summary { cursor: pointer; font-weight: 600; }
.wide { overflow-x: auto; }
.quiet { opacity: .75; }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 1rem; }
`
