# Cargo is taken from the path: vcpkg has none.
vcpkg_from_git(
    OUT_SOURCE_PATH SOURCE_PATH
    URL "@REPOSITORY@"
    REF "@COMMIT@")

find_program(CARGO cargo REQUIRED)
find_program(MAKE NAMES gmake make REQUIRED)

set(BUILD "${CURRENT_BUILDTREES_DIR}/build")
set(SETTINGS "BUILD=${BUILD}" "TARGET=${CURRENT_BUILDTREES_DIR}/target" "CARGO=${CARGO}")
vcpkg_execute_required_process(
    COMMAND "${MAKE}" ${SETTINGS} lib headers-built
    WORKING_DIRECTORY "${SOURCE_PATH}"
    LOGNAME "build-${TARGET_TRIPLET}")
# Tools and libraries of one kind: what vcpkg calls release serves debug builds, too.
vcpkg_execute_required_process(
    COMMAND "${CMAKE_COMMAND}" -E env ONLY_VERSIONED=yes "${SOURCE_PATH}/packaging/install" "${BUILD}" "" "${CURRENT_PACKAGES_DIR}"
        "${CURRENT_PACKAGES_DIR}/lib" "${CURRENT_PACKAGES_DIR}/include" "${CURRENT_PACKAGES_DIR}/bin"
        "${CURRENT_PACKAGES_DIR}/share/man"
    WORKING_DIRECTORY "${SOURCE_PATH}"
    LOGNAME "install-${TARGET_TRIPLET}")

file(INSTALL "${BUILD}/lib/" DESTINATION "${CURRENT_PACKAGES_DIR}/debug/lib" FILES_MATCHING PATTERN "*.a" PATTERN "*.so*")
vcpkg_cmake_config_fixup(PACKAGE_NAME liblua-rs CONFIG_PATH lib/cmake/liblua-rs)
vcpkg_fixup_pkgconfig()
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
