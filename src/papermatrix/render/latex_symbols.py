"""Symbols beyond ASCII in LaTeX: which its text fonts have, and what stands for the others.

What pdfLaTeX knows depends on the encoding of its fonts; these are the letters that OT1 and T1 both have,
and those of T1 alone.
"""

from __future__ import annotations

_SMALL = (
    "alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi mathrm{o} pi rho varsigma"
    " sigma tau upsilon varphi chi psi omega"
)
_CAPITAL = (
    "mathrm{A} mathrm{B} Gamma Delta mathrm{E} mathrm{Z} mathrm{H} Theta mathrm{I} mathrm{K} Lambda mathrm{M}"
    " mathrm{N} Xi mathrm{O} Pi mathrm{P} - Sigma mathrm{T} Upsilon Phi mathrm{X} Psi Omega"
)
"""There is no capital of the final sigma."""
_GREEK = {
    chr(start + index): name
    for start, names in ((0x391, _CAPITAL), (0x3B1, _SMALL))
    for index, name in enumerate(names.split())
    if name != "-"
}
_MATHEMATICS = """
2264:leq 2265:geq 2260:neq 2248:approx 2261:equiv 223c:sim 226a:ll 226b:gg 221d:propto 2208:in
2209:notin 2282:subset 2286:subseteq 222a:cup 2229:cap 221e:infty 221a:surd 2211:sum 220f:prod
2202:partial 2207:nabla 222b:int 2218:circ 2219:bullet 2295:oplus 2297:otimes 2200:forall
2203:exists 2205:emptyset 2225:parallel 22a5:perp 2194:leftrightarrow 21d0:Leftarrow
21d2:Rightarrow 21d4:Leftrightarrow 2032:prime 2113:ell 2713:checkmark 2717:times
"""
"""Code points with their commands."""
_T1_ALONE = """
00ab 00bb 00d0 00de 00f0 00fe 0104 0105 0110 0111 0118 0119 012e 012f 014a 014b 0172 0173 201a 201e
2039 203a
"""
"""Letters of T1 alone."""
_KNOWN = """
0020-007e 00a1-00ff 0100-0125 0128-0137 0139-013e 0141-0148 014c-0165 0168-017e 0218-021b 2010-2016
2018-2019 201c-201d 2020-2022 2026-2026 2030-2031 20ac-20ac 2103-2103 2116-2116 2122-2122 2190-2193
"""
"""First and last of each range that OT1 and T1 both have."""


def _read(table: str) -> dict[str, str]:
    pairs = (entry.split(":") for entry in table.split())
    return {chr(int(code, 16)): name for code, name in pairs}


_STANDS_FOR = {
    **{symbol: rf"\ensuremath{{\{name}}}" for symbol, name in (_GREEK | _read(_MATHEMATICS)).items()},
    **{chr(0x2080 + digit): rf"\ensuremath{{_{digit}}}" for digit in range(10)},
    **{chr(0x2070 + digit): rf"\ensuremath{{^{digit}}}" for digit in (0, *range(4, 10))},
    "\u2212": r"\ensuremath{-}",
}
_IN_T1 = frozenset(chr(int(code, 16)) for code in _T1_ALONE.split())
_RANGES = [tuple(int(end, 16) for end in ends.split("-")) for ends in _KNOWN.split()]


def latex_symbol(char: str) -> str:
    """Return a character as LaTeX shows it; of one that its fonts lack, the number: `U+65E5`."""
    if char in _STANDS_FOR:
        return _STANDS_FOR[char]
    if char in _IN_T1:
        return rf"{{\fontencoding{{T1}}\selectfont {char}}}"
    is_known = any(first <= ord(char) <= last for first, last in _RANGES)
    return char if is_known else rf"\texttt{{U+{ord(char):04X}}}"
