/* SPDX-License-Identifier: Apache-2.0 */
long
caller(void)
{
	return syscall(__NR_bpf, 0, 0, 0);
}
