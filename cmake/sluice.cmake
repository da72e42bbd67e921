# The three things every area says: its library, its tests, and the flags all of Sluice is built with.

# Flags are a target, so that no area can forget them.
add_library(sluice_flags INTERFACE)
target_include_directories(sluice_flags INTERFACE "${CMAKE_SOURCE_DIR}/src")
target_compile_options(sluice_flags INTERFACE -Wall -Wextra -Wconversion -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(sluice_flags INTERFACE -Wno-restrict)  # false alarms on "a" + std::string, GCC bug 105651
endif()
if(SLUICE_WERROR)
  target_compile_options(sluice_flags INTERFACE -Werror)
endif()
if(SLUICE_SANITIZE)
  target_compile_options(sluice_flags INTERFACE "-fsanitize=${SLUICE_SANITIZE}" -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(sluice_flags INTERFACE "-fsanitize=${SLUICE_SANITIZE}")
endif()

# Most of what the compiler reads for a file are the same few headers. Precompiled they take a second less, a quarter of
# the whole; the presets `dev` and `asan` go without, so that no file comes to lean on what it does not include.
option(SLUICE_PCH "precompile the headers that most files include" OFF)
if(SLUICE_PCH)
  # GCC forgets which lines of a precompiled header belong to the system's, and so tells of its own false alarms.
  target_compile_options(sluice_flags INTERFACE -Wno-stringop-overflow -Wno-array-bounds)
  set(standard_headers <algorithm> <array> <bit> <cmath> <cstdint> <cstring> <filesystem> <fstream> <functional> <map>
                       <memory> <numeric> <optional> <set> <span> <string> <string_view> <unordered_map> <utility>
                       <variant> <vector>)
  file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/pch/empty.cpp" CONTENT "")
  foreach(kind standard json network tool test)
    add_library(sluice_pch_${kind} OBJECT EXCLUDE_FROM_ALL "${CMAKE_BINARY_DIR}/pch/empty.cpp")
    target_link_libraries(sluice_pch_${kind} PRIVATE sluice_flags)
    target_precompile_headers(sluice_pch_${kind} PRIVATE ${standard_headers})
  endforeach()
  target_precompile_headers(sluice_pch_json PRIVATE <nlohmann/json.hpp>)
  target_precompile_headers(sluice_pch_network PRIVATE "${CMAKE_SOURCE_DIR}/src/ir/graph.h")
  target_precompile_headers(sluice_pch_tool PRIVATE "${CMAKE_SOURCE_DIR}/src/ir/graph.h" <nlohmann/json.hpp> <CLI/CLI.hpp>)
  if(SLUICE_TESTS)
    target_precompile_headers(sluice_pch_test PRIVATE <gtest/gtest.h>)
    target_link_libraries(sluice_pch_test PRIVATE GTest::gtest)  # for its compile options: they must be the same
  endif()
endif()
# sluice_precompiled(target standard|json|network|tool|test)
function(sluice_precompiled target kind)
  if(SLUICE_PCH)
    target_precompile_headers(${target} REUSE_FROM sluice_pch_${kind})
  endif()
endfunction()

# Several files of a library compiled as one take less than half of the time. A changed file then takes longer, so the
# preset `dev` goes without. Names in the anonymous namespaces of a library must be distinct for it. Files with options of
# their own (HOT and COLD below) stay alone.
option(SLUICE_UNITY "compile several files of a library as one" OFF)
function(sluice_unity target)
  if(SLUICE_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
  endif()
endfunction()

# sluice_area(ir SOURCES graph.cpp ... USES base fixed LIBRARIES fmt::fmt [LIGHT [HOT run.cpp ...]] [COLD read.cpp ...])
# One static library `sluice_ir`. USES names areas above; LIBRARIES are outside ones, private to the area. LIGHT: no time is
# spent in it, so it is compiled at -O1, which takes half as long; HOT are the exceptions. COLD are such files of other areas.
function(sluice_area name)
  cmake_parse_arguments(ARG "LIGHT" "" "SOURCES;USES;LIBRARIES;HOT;COLD" ${ARGN})
  add_library(sluice_${name} STATIC ${ARG_SOURCES})
  if(ARG_LIGHT)
    target_compile_options(sluice_${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
  if(ARG_HOT)
    set_property(SOURCE ${ARG_HOT} APPEND PROPERTY COMPILE_OPTIONS $<$<CONFIG:Release>:-O3>)
  endif()
  if(ARG_COLD)
    set_property(SOURCE ${ARG_COLD} APPEND PROPERTY COMPILE_OPTIONS $<$<CONFIG:Release>:-O1>)
  endif()
  sluice_unity(sluice_${name})
  target_link_libraries(sluice_${name} PUBLIC sluice_flags)
  foreach(other IN LISTS ARG_USES)
    target_link_libraries(sluice_${name} PUBLIC sluice_${other})
  endforeach()
  target_link_libraries(sluice_${name} PRIVATE ${ARG_LIBRARIES})
  if(nlohmann_json::nlohmann_json IN_LIST ARG_LIBRARIES)
    sluice_precompiled(sluice_${name} json)
  elseif(ir IN_LIST ARG_USES)
    sluice_precompiled(sluice_${name} network)
  else()
    sluice_precompiled(sluice_${name} standard)
  endif()
endfunction()

# sluice_test(ir_test SOURCES graph_test.cpp ... USES ir [SLOW])
# One test program; every TEST in it is a ctest test of its own name. SLOW ones carry the label `slow`.
function(sluice_test name)
  if(NOT SLUICE_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "SLOW" "TIMEOUT" "SOURCES;USES;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  # The work of a test is done in the libraries; its own file is mostly GoogleTest's templates, which -O3 takes long over.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  target_link_libraries(${name} PRIVATE sluice_flags GTest::gtest GTest::gtest_main ${ARG_LIBRARIES})
  foreach(other IN LISTS ARG_USES)
    target_link_libraries(${name} PRIVATE sluice_${other})
  endforeach()
  sluice_precompiled(${name} test)
  set(properties TIMEOUT 600)
  if(ARG_TIMEOUT)
    set(properties TIMEOUT ${ARG_TIMEOUT})
  endif()
  if(ARG_SLOW)
    list(APPEND properties LABELS slow)
  endif()
  # Where tests find the source tree, and so models; the tool under test stands beside them. (One variable only: a list
  # of several is not handed on whole.)
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 TEST_PREFIX "${name}." PROPERTIES ${properties}
    ENVIRONMENT "SLUICE_SOURCE=${CMAKE_SOURCE_DIR}")
endfunction()
