# SPDX-License-Identifier: Apache-2.0
# What init, whichever it is, needs to know: units, users, folders, the init script.
sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d
initddir = $(sysconfdir)/init.d
bpfdconfdir = $(sysconfdir)/bpfd

dist_systemdsystemunit_DATA = systemd/bpfd.socket systemd/bpfd-checkpoint.socket
nodist_systemdsystemunit_DATA = systemd/bpfd.service systemd/bpfd-checkpoint@.service
unitdropindir = $(systemdsystemunitdir)/bpfd.service.d
dist_unitdropin_DATA = systemd/network.conf
dist_sysusers_DATA = sysusers.d/bpfd.conf
dist_tmpfiles_DATA = tmpfiles.d/bpfd.conf
nodist_initd_SCRIPTS = init/bpfd
dist_sbin_SCRIPTS = tools/bpfd-setup-users
dist_doc_DATA = etc/bpfd.toml

EXTRA_DIST += systemd/bpfd.service.in systemd/bpfd-checkpoint@.service.in init/bpfd.in
CLEANFILES += systemd/bpfd.service systemd/bpfd-checkpoint@.service init/bpfd

systemd/bpfd.service: $(srcdir)/systemd/bpfd.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) systemd && $(SED) 's|@sbindir[@]|$(sbindir)|' $(srcdir)/systemd/bpfd.service.in >$@
systemd/bpfd-checkpoint@.service: $(srcdir)/systemd/bpfd-checkpoint@.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) systemd && $(SED) 's|@libexecdir[@]|$(pkglibexecdir)|' '$(srcdir)/systemd/bpfd-checkpoint@.service.in' >'$@'
init/bpfd: $(srcdir)/init/bpfd.in Makefile
	$(AM_V_GEN)$(MKDIR_P) init && $(SED) 's|@sbindir[@]|$(sbindir)|' $(srcdir)/init/bpfd.in >$@ && chmod +x $@

# A configuration that is there is the administrator's.
install-data-local:
	$(MKDIR_P) $(DESTDIR)$(bpfdconfdir)
	test -e $(DESTDIR)$(bpfdconfdir)/bpfd.toml || \
		$(INSTALL_DATA) $(srcdir)/etc/bpfd.toml $(DESTDIR)$(bpfdconfdir)/bpfd.toml
uninstall-local:
	! cmp -s $(srcdir)/etc/bpfd.toml $(DESTDIR)$(bpfdconfdir)/bpfd.toml || \
		rm -f $(DESTDIR)$(bpfdconfdir)/bpfd.toml
