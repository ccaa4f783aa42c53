# SPDX-License-Identifier: Apache-2.0
# bpfctl.8 is registered beside its program.
dist_man_MANS += man/bpfd.8 man/bpfd.toml.5 man/bpfd-rules.5 man/bpfd-declared.5 man/bpfd-trust.5
