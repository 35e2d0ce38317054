"""Page style: the CSS of the report page."""

from __future__ import annotations

CSS = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--line:#d5dae0;--card:#f6f8fa;--paper:#fff;--tie:#57606a;
--better:#0072b2;--worse:#b35900}
@media (prefers-color-scheme:dark){:root{--ink:#e6eaef;--soft:#9aa5b1;--line:#363d46;--card:#1c2128;--paper:#12161b;
--better:#56b4e9;--worse:#e69f00;--tie:#9aa5b1}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif;-webkit-text-size-adjust:100%}
main{max-width:1180px;margin:0 auto;padding:16px}
h1{font-size:1.6rem;line-height:1.2;margin:.5rem 0}
h2{font-size:1.2rem;margin:2rem 0 .25rem}
h3{font-size:1rem;margin:0 0 .5rem;overflow-wrap:anywhere}
h3 small{color:var(--soft);font-weight:400}
p{margin:.25rem 0 .75rem}
.facts{color:var(--soft)}
code,pre{font:.85em/1.4 ui-monospace,monospace;overflow-wrap:anywhere}
pre{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:10px;white-space:pre-wrap}
.verdict{border-left:6px solid var(--tie);background:var(--card);border-radius:0 6px 6px 0;padding:10px 14px;
margin:12px 0}
.verdict.yes{border-color:var(--better)}
.verdict.no{border-color:var(--worse)}
span.better{color:var(--better);font-weight:600}
span.worse{color:var(--worse);font-weight:600}
a{color:inherit}
.verdict strong{font-size:1.1rem}
.verdict p{margin:.25rem 0 0}
.wide{overflow-x:auto;border:1px solid var(--line);border-radius:6px}
table{border-collapse:collapse;width:100%;font-size:.92rem;font-variant-numeric:tabular-nums}
th,td{padding:6px 7px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--line)}
thead th{font-size:.8rem;color:var(--soft);font-weight:600}
tbody tr:last-child>*{border-bottom:0}
thead th{white-space:normal;vertical-align:bottom}
th:first-child{position:sticky;left:0;background:var(--paper);text-align:left;border-right:1px solid var(--line);
min-width:7rem;max-width:42vw;white-space:normal;overflow-wrap:break-word}
th small,td small{display:block;color:var(--soft);font-weight:400}
tr.reference>*{background:var(--card)}
.legend span{margin-right:16px;white-space:nowrap}
.legend span{display:inline-block;max-width:100%;overflow-wrap:anywhere;white-space:normal}
.key{width:30px;height:10px;margin-right:6px;vertical-align:middle}
.plot{display:block;width:100%;max-width:460px;height:auto}
.plot text{font-size:11px;fill:var(--soft)}
.plot .grid{stroke:var(--line);stroke-width:1}
.grids{display:grid;grid-template-columns:repeat(auto-fill,minmax(210px,1fr));gap:14px}
.regions{display:grid;grid-template-columns:repeat(3,1fr);gap:2px;font-size:.9rem;font-variant-numeric:tabular-nums}
.regions div{padding:12px 4px;text-align:center;border:1px solid var(--line);border-radius:3px}
.band{display:grid;grid-template-columns:92px 1fr;gap:10px;padding:6px 0;border-top:1px solid var(--line)}
.band b{font-weight:600;font-size:.9rem}
.band small{display:block;color:var(--soft);font-weight:400}
.bar{position:relative;display:flex;align-items:center;gap:8px;height:20px;padding-right:52px}
.bar i{height:14px;border-radius:2px;min-width:1px}
.bar span{font-size:.8rem;font-variant-numeric:tabular-nums;margin-right:-52px}
.scales{display:grid;grid-template-columns:repeat(auto-fit,minmax(250px,1fr));gap:16px;margin:12px 0}
.scale b{font-size:.85rem}
.scale i{display:block;height:12px;border-radius:2px;margin:4px 0}
.scale div{position:relative;height:1.3em;font-size:.75rem;color:var(--soft)}
.scale span{position:absolute;transform:translateX(-50%);white-space:nowrap}
.scale span:first-child{transform:none}
.scale span:last-child{transform:translateX(-100%)}
.panel{border:1px solid var(--line);border-radius:6px;padding:12px;margin:12px 0}
.row{display:grid;gap:8px;margin-bottom:8px;grid-template-columns:repeat(3,minmax(0,1fr))}
.row.tall{grid-template-columns:repeat(4,minmax(0,1fr))}
figure{margin:0}
figure img{display:block;width:100%;height:auto;border-radius:3px;background:#20242a}
figcaption{font-size:.8rem;color:var(--soft);overflow-wrap:anywhere;line-height:1.3;margin-top:2px}
@media (max-width:640px){.row.flat{grid-template-columns:1fr}.row.tall{grid-template-columns:repeat(2,minmax(0,1fr))}
main{padding:12px}h1{font-size:1.3rem}}
dt{font-weight:600;margin-top:.5rem}
dd{margin:0 0 .5rem;overflow-wrap:anywhere}
@media print{@page{size:A4;margin:12mm}
:root{--ink:#000;--soft:#444;--line:#bbb;--card:#f4f4f4;--paper:#fff;--tie:#57606a;--better:#0072b2;--worse:#b35900}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
body{font-size:10pt}main{max-width:none;padding:0}
.panel,figure,tr,.band,.verdict{break-inside:avoid}h1,h2,h3,dt,h2+p,h2+p+.legend{break-after:avoid}
.wide{overflow:visible}table{font-size:7.5pt}th,td{padding:3px 4px}th:first-child{min-width:0}
.plot{max-width:420px}.row.flat{grid-template-columns:repeat(3,minmax(0,1fr))}
.row.tall{grid-template-columns:repeat(4,minmax(0,1fr))}}
"""
