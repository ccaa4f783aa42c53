/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <string.h>

#include "common/auto.h"
#include "enricher/containers.h"

#define H  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define H2 "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define U  "12345678-9abc-def0-1234-56789abcdef0"
#define U_ "12345678_9abc_def0_1234_56789abcdef0"
#define T32 "0123456789abcdef0123456789abcdef"
#define USER "/user.slice/user-1000.slice/user@1000.service"

struct layout {
	const char *path;
	enum runtime rt;
	const char *id, *pod;		/* NULL: none */
	const char *below;		/* what of the path lies below the container's own directory */
	bool claim;
};

/* The layouts that engines document, or were seen to make. */
static const struct layout layouts[] = {
	{ "/docker/" H, RT_DOCKER, H, NULL, "", false },
	{ "/system.slice/docker-" H ".scope", RT_DOCKER, H, NULL, "", false },
	{ "/parent/docker/" H, RT_DOCKER, H, NULL, "", false },
	{ "/docker/" H "/docker/" H2, RT_DOCKER, H2, NULL, "", false },
	{ "/system.slice/docker-" H ".scope/system.slice/docker-" H2 ".scope", RT_DOCKER, H2, NULL, "", false },
	{ USER "/user.slice/docker-" H ".scope", RT_DOCKER, H, NULL, "", true },
	{ USER "/app.slice/docker-" H ".scope", RT_DOCKER, H, NULL, "", true },
	{ "/default/my.ctr_1", RT_CONTAINERD, "my.ctr_1", NULL, "", false },
	{ "/k8s.io/" H, RT_CONTAINERD, H, NULL, "", false },
	{ "/moby/" H, RT_CONTAINERD, H, NULL, "", false },
	{ "/system.slice/nerdctl-" H ".scope", RT_NERDCTL, H, NULL, "", false },
	{ "/kubepods/pod" U "/" H, RT_KUBE, H, U, "", false },
	{ "/kubepods/burstable/pod" U "/" H, RT_KUBE, H, U, "", false },
	{ "/kubepods/besteffort/pod" U "/" H, RT_KUBE, H, U, "", false },
	{ "/kubepods/burstable/pod" T32 "/" H, RT_KUBE, H, T32, "", false },
	{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" U_ ".slice/cri-containerd-" H
	  ".scope", RT_CONTAINERD, H, U, "", false },
	{ "/kubepods.slice/kubepods-pod" U_ ".slice/cri-containerd-" H ".scope", RT_CONTAINERD, H, U, "", false },
	{ "/system.slice/containerd.service/kubepods-burstable-pod" U_ ".slice:cri-containerd:" H,
	  RT_CONTAINERD, H, U, "", false },
	{ "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/"
	  "kubelet-kubepods-besteffort-pod" U_ ".slice/cri-containerd-" H ".scope", RT_CONTAINERD, H, U, "", false },
	{ "/docker/" H2 "/kubelet/kubepods/burstable/pod" U "/" H, RT_KUBE, H, U, "", false },
	{ "/kubepods/besteffort/pod" U "/crio-" H, RT_CRIO, H, U, "", false },
	{ "/kubepods.slice/kubepods-pod" U_ ".slice/crio-" H ".scope", RT_CRIO, H, U, "", false },
	{ "/kubepods.slice/kubepods-pod" U_ ".slice/crio-" H ".scope/container", RT_CRIO, H, U, "/container", false },
	{ "/kubepods.slice/kubepods-pod" U_ ".slice/crio-conmon-" H ".scope", RT_NOT_FOUND, NULL, U, NULL, false },
	{ "/libpod_parent/libpod-" H, RT_PODMAN, H, NULL, "", false },
	{ "/machine.slice/libpod-" H ".scope", RT_PODMAN, H, NULL, "", false },
	{ "/machine.slice/libpod-" H ".scope/container", RT_PODMAN, H, NULL, "/container", false },
	{ "/machine.slice/machine-libpod_pod_" H2 ".slice/libpod-" H ".scope", RT_PODMAN, H, NULL, "", false },
	{ "/machine.slice/libpod-conmon-" H ".scope", RT_NOT_FOUND, NULL, NULL, NULL, false },
	{ "/system.slice/web.service/libpod-payload-" H, RT_PODMAN, H, NULL, "", false },
	{ USER "/user.slice/libpod-" H ".scope/container", RT_PODMAN, H, NULL, "/container", true },
	{ "/lxc/web", RT_LXC, "web", NULL, "", false },
	{ "/lxc.payload.web", RT_LXC, "web", NULL, "", false },
	{ "/lxc.payload/web/init.scope", RT_LXC, "web", NULL, "/init.scope", false },
	{ "/lxc.monitor.web", RT_NOT_FOUND, NULL, NULL, NULL, false },
	{ "/lxc-libvirt/web", RT_LXC_LIBVIRT, "web", NULL, "", false },
	{ "/machine.slice/machine-lxc\\x2d2024\\x2dweb.scope", RT_LXC_LIBVIRT, "web", NULL, "", false },
	{ "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope", RT_NOT_FOUND, NULL, NULL, NULL, false },
	{ "/machine.slice/machine-web.scope", RT_NSPAWN, "web", NULL, "", false },
	{ "/machine.slice/systemd-nspawn@web.service/payload", RT_NSPAWN, "web", NULL, "/payload", false },
	{ "/machine.slice/machine-rkt\\x2d" U ".scope/system.slice", RT_RKT, U, NULL, "/system.slice", false },
	{ "/garden/Abc-123", RT_GARDEN, "Abc-123", NULL, "", false },
	{ "/ecs/task/" H, RT_ECS, H, NULL, "", false },
	{ "/ecs/cluster/task/" H, RT_ECS, H, NULL, "", false },
	{ "/ecs/" T32 "/" T32 "-1234567890", RT_ECS, T32 "-1234567890", NULL, "", false },
	{ "/buildkit/abcdefghij0123456789klmno", RT_BUILDKIT, "abcdefghij0123456789klmno", NULL, "", false },
	{ "/mesos/" U, RT_MESOS, U, NULL, "", false },
	{ "/system.slice/someone-" H ".scope", RT_UNKNOWN, H, NULL, "", false },
	{ "/system.slice/docker-" H, RT_UNKNOWN, H, NULL, "", false },
	{ "/ecs/" H, RT_UNKNOWN, H, NULL, "", false },
	{ "/kata_overhead/" H, RT_UNKNOWN, H, NULL, "", false },
};

/* Of the host, or made to look like a container without being one. */
static const char *const hosts[] = {
	"/", "", "///", "/system.slice/ssh.service", "/user.slice/user-0.slice/session-1.scope", "/init.scope",
	"/docker", "/docker/", "/docker/short", "/docker/" H "0",
	"/docker/0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
	"/system.slice/docker-" H ".scope2", "/kubepods/burstable/pod" U, "/lxc", "/lxc/", "/lxc.payload",
	"/machine.slice/machine-.scope", "/machine.slice/systemd-nspawn@.service",
	"/machine.slice/machine-lxc-web.scope", "/machine.slice/machine-lxc-1-.scope",
	"/buildkit2/abcdefghij0123456789klmno", "/garden/a b", "/default/.hidden", "/x/default/id", "/mesos/x",
	"/system.slice/9-" H, "/x" H, "/\\x2d" H,
};

static void
knows_the_documented_layouts(void **state)
{
	unsigned int wrong = 0;

	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
		const struct layout *l = &layouts[i];
		struct container c;
		size_t len = strlen(l->path);
		bool ok;

		container_of(l->path, len, &c);
		ok = c.runtime == l->rt && c.claim == l->claim &&
			c.id_len == (l->id ? strlen(l->id) : 0) && memcmp(c.id, l->id ? l->id : "", c.id_len) == 0 &&
			c.pod_len == (l->pod ? strlen(l->pod) : 0) &&
			memcmp(c.pod, l->pod ? l->pod : "", c.pod_len) == 0 &&
			c.dir_len == (l->below ? len - strlen(l->below) : 0);
		if (!ok)
			print_message("# %s: %s id=%.*s pod=%.*s dir=%.*s claim=%d\n", l->path,
				runtime_names[c.runtime], (int)c.id_len, c.id, (int)c.pod_len, c.pod,
				(int)c.dir_len, l->path, c.claim);
		wrong += !ok;
	}
	assert_true(ARRAY_SIZE(layouts) >= 45);
	assert_int_equal(wrong, 0);
}

static void
takes_the_host_for_no_container(void **state)
{
	unsigned int wrong = 0;

	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		struct container c;

		container_of(hosts[i], strlen(hosts[i]), &c);
		if (c.runtime == RT_NOT_FOUND && !c.id_len && !c.dir_len && !c.claim)
			continue;
		print_message("# %s: %s %.*s\n", hosts[i], runtime_names[c.runtime], (int)c.id_len, c.id);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

static void
a_monitor_within_a_container_belongs_to_that_container(void **state)
{
	static const char path[] = "/docker/" H "/libpod-conmon-" H2 ".scope";
	struct container c;

	container_of(path, strlen(path), &c);
	assert_int_equal(c.runtime, RT_DOCKER);
	assert_memory_equal(c.id, H, 64);
	assert_int_equal(c.dir_len, strlen("/docker/" H));
}

static void
bears_names_of_any_length_and_bytes(void **state)
{
	char path[8192];
	struct container c;

	memset(path, 'a', sizeof(path));
	memcpy(path, "/lxc/", 5);
	container_of(path, sizeof(path), &c);
	assert_int_equal(c.runtime, RT_NOT_FOUND);
	container_of(path, 5 + 255, &c);
	assert_int_equal(c.runtime, RT_LXC);
	assert_int_equal(c.id_len, 255);
	for (unsigned int i = 0; i < 256; i++) {
		memset(path, (int)i, sizeof(path));
		container_of(path, sizeof(path), &c);
		memcpy(path, "/lxc.payload.\n\xff\x1b[31m", 20);
		container_of(path, 20, &c);
		assert_int_equal(c.runtime, RT_LXC);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_the_documented_layouts),
		cmocka_unit_test(takes_the_host_for_no_container),
		cmocka_unit_test(a_monitor_within_a_container_belongs_to_that_container),
		cmocka_unit_test(bears_names_of_any_length_and_bytes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("containers", tests, NULL, NULL);
}
