/** How the page looks: light and dark as the reader's system asks, one column on a phone. */
export const STYLE = `
:root { color-scheme: light dark; --ground: #ffffff; --text: #1a1d21; --faint: #5f6873; --rule: #d9dee3; --panel: #f5f7f9;
  --own: #1f6feb; --hold: #9a6700; --mark: #8250df; --gain: #116329; --loss: #b32020; --fill: #1f6feb26; --fallen: #b3202022; }
@media (prefers-color-scheme: dark) { :root { --ground: #14171a; --text: #e4e8ec; --faint: #9aa5b1; --rule: #333a41;
  --panel: #1d2226; --own: #6cb0ff; --hold: #e3b341; --mark: #c297ff; --gain: #56d364; --loss: #ff8078; --fill: #6cb0ff2e; --fallen: #ff80782e; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 70rem; background: var(--ground); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.faint, figcaption, th { color: var(--faint); }
.gain { color: var(--gain); } .loss { color: var(--loss); }
.notes { border-left: 4px solid var(--hold); background: var(--panel); margin: 1rem 0; padding: .5rem 1rem .5rem 2rem; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: .5rem; margin: 0; }
dl div { background: var(--panel); padding: .5rem .75rem; border-radius: .4rem; }
dt { color: var(--faint); font-size: .85rem; } dd { margin: 0; font-size: 1.15rem; font-variant-numeric: tabular-nums; }
dd small { display: block; font-size: .8rem; color: var(--faint); }
.thin { border: 1px dashed var(--hold); } .thin small { color: var(--hold); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; white-space: nowrap; }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid var(--rule); }
th { font-weight: 500; } th:first-child, td:first-child, .text { text-align: left; }
td.long { max-width: 22rem; white-space: normal; min-width: 8rem; }
figure { margin: 1rem 0 2rem; } figcaption { margin-bottom: .4rem; }
.plot { display: flex; height: 240px; }
.ticks { display: flex; flex-direction: column; justify-content: space-between; width: 4.8rem; flex: none; padding-right: .4rem;
  text-align: right; font-size: .8rem; color: var(--faint); margin: -.55rem 0; line-height: 1.1rem; font-variant-numeric: tabular-nums; }
.plot svg { flex: 1; min-width: 0; height: 100%; overflow: visible; }
.times { display: flex; justify-content: space-between; margin-left: 4.8rem; font-size: .8rem; color: var(--faint); padding-top: .3rem; }
svg path { fill: none; vector-effect: non-scaling-stroke; }
.grid { stroke: var(--rule); stroke-width: 1; } .line { stroke-width: 1.6; stroke-linejoin: round; stroke: currentColor; }
path.band { fill: var(--fill); } path.area { fill: var(--fallen); }
.own { color: var(--own); } .hold { color: var(--hold); } .mark { color: var(--mark); } .price { color: var(--faint); }
.fall { color: var(--loss); }
.dot { stroke-linecap: round; stroke-width: 8; stroke: currentColor; } .buy { color: var(--gain); } .sell { color: var(--loss); }
.legend { float: right; } .key { margin-left: .8rem; } .key::before { content: "\\25CF\\00A0"; }
@media (max-width: 40rem) { body { padding: .75rem; } .legend { float: none; display: block; } .key:first-child { margin-left: 0; }
  .plot { height: 200px; } .ticks { width: 3.9rem; font-size: .72rem; } .times { margin-left: 3.9rem; }
  .times span:nth-child(even) { display: none; } }
@media print { body { max-width: none; } }
`;
