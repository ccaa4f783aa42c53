#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
rm -rf $1/*
