"""Header cards, distortion and lookup tables of real files.

Numbers and keywords were taken from public archive files: WFC3 from
``ib4606cpq_flt.fits`` and ``ib4606c5q_flc.fits`` (the lookup tables from the
headerlets in the latter), ACS/HRC from ``j8bt06nyq_flt.fits``, ACS/WFC from the
reference files 0461802ej (IDCTAB), 02c14514j and 02c1450rj (NPOL) and 02c1450oj
(D2IM), which stwcs 1.7.7 turned into SIP terms for 2021.4.

No archive file of ACS/SBC and WFPC2 was at hand. Their keywords follow the data
handbooks, and for WFPC2 what drizzlepac adds when it converts C0M files to FLT;
their linear terms follow the instrument handbooks; the shape of the distortion
is this project's own, of a realistic size (``source`` in each file).
"""
