# packaging.cmake - what an installation holds besides the program, and the Debian package of it (script/package)

set(RW_UNITS ${CMAKE_SOURCE_DIR}/contrib/systemd)
option(RW_SYSTEM_FILES "install units, configuration and logrotate rules; for packages" OFF)

if(RW_SYSTEM_FILES)
    install(FILES ${RW_UNITS}/relaywatch.service ${RW_UNITS}/relaywatch-report.service ${RW_UNITS}/relaywatch-report.timer
            DESTINATION /lib/systemd/system)
    install(FILES ${RW_UNITS}/sysusers.conf DESTINATION /usr/lib/sysusers.d RENAME relaywatch.conf)
    install(FILES ${RW_UNITS}/logrotate DESTINATION /etc/logrotate.d RENAME relaywatch)
    install(FILES ${RW_UNITS}/default DESTINATION /etc/default RENAME relaywatch)
    install(FILES ${RW_UNITS}/relaywatch.conf DESTINATION /etc/relaywatch)
    install(FILES ${CMAKE_SOURCE_DIR}/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
    install(FILES ${CMAKE_CURRENT_LIST_DIR}/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})
    # Debian wants its changelog, and every manual page, compressed without a time.
    install(CODE "
        execute_process(COMMAND sh -c \"gzip -9n < '${CMAKE_CURRENT_LIST_DIR}/changelog' > '${CMAKE_BINARY_DIR}/changelog.gz'\")
        file(INSTALL DESTINATION \"\${CMAKE_INSTALL_PREFIX}/share/doc/relaywatch\" TYPE FILE
             FILES \"${CMAKE_BINARY_DIR}/changelog.gz\")
        file(GLOB_RECURSE pages \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/share/man/*.[1-8]\")
        foreach(page \${pages})
            execute_process(COMMAND gzip -9nf \${page})
        endforeach()")
endif()

set(CPACK_GENERATOR "DEB;TGZ")
set(CPACK_PACKAGE_NAME relaywatch)
set(CPACK_PACKAGE_VENDOR relaywatch)
set(CPACK_PACKAGE_CONTACT "the relaywatch authors <relaywatch@example.org>")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "tells whether a mail server is abused as a relay or for backscatter")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"relaywatch reads the logs of mail servers (Postfix, Microsoft Exchange and
others) and answers, with evidence: is this server used as a relay or as a
source of backscatter, by whom, since when, and what should be done?
It also finds stolen accounts, infected inside hosts, guessed passwords and
recipients, floods of bounces, and block lists that list the server.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION mail)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "init-system-helpers (>= 1.54)")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "systemd | systemd-standalone-sysusers, logrotate, ca-certificates")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    "${CMAKE_CURRENT_LIST_DIR}/conffiles;${CMAKE_CURRENT_LIST_DIR}/postinst;${CMAKE_CURRENT_LIST_DIR}/prerm;${CMAKE_CURRENT_LIST_DIR}/postrm")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_STRIP_FILES ON)
include(CPack)
