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

# sluice_area(ir SOURCES graph.cpp ... USES base fixed LIBRARIES fmt::fmt [LIGHT])
# One static library `sluice_ir`. USES names areas above; LIBRARIES are outside ones, private to the area. LIGHT: no time is
# spent in it, so it is compiled at -O1, which takes half as long.
function(sluice_area name)
  cmake_parse_arguments(ARG "LIGHT" "" "SOURCES;USES;LIBRARIES" ${ARGN})
  add_library(sluice_${name} STATIC ${ARG_SOURCES})
  if(ARG_LIGHT)
    target_compile_options(sluice_${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
  target_link_libraries(sluice_${name} PUBLIC sluice_flags)
  foreach(other IN LISTS ARG_USES)
    target_link_libraries(sluice_${name} PUBLIC sluice_${other})
  endforeach()
  target_link_libraries(sluice_${name} PRIVATE ${ARG_LIBRARIES})
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
